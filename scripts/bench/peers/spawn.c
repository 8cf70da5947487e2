/* Starts a program and waits for it, again and again. Arguments: program, how often. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
  if (count != 3) return 2;
  int rounds = atoi(arguments[2]);
  int bad = 0;
  double began = now();
  for (int i = 0; i < rounds; i++) {
    char *words[] = { arguments[1], NULL };
    pid_t process;
    int status;
    if (posix_spawn(&process, arguments[1], NULL, NULL, words, environ) != 0) return 1;
    if (waitpid(process, &status, 0) != process || status != 0) bad++;
  }
  printf("seconds=%.9f operations=%d bad=%d\n", now() - began, rounds, bad);
  return 0;
}
