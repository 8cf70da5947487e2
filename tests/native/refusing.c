/*
 * Runs a program on a machine whose seccomp filter refuses some system calls, as containers have
 * it, or whose kernel is too old for them:
 *
 *     refusing ERRNO FIRST LAST PROGRAM [ARGUMENT…]
 *
 * FIRST and LAST are the numbers of the system calls, which are the same on every architecture for
 * those that are newer than 2019.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static uint32_t number(const char *text)
{
  return (uint32_t)strtoul(text, NULL, 10);
}

int main(int count, char **arguments)
{
  if (count < 5) return 2;
  uint32_t error = number(arguments[1]);
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, number(arguments[2]), 0, 2),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, number(arguments[3]), 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
    perror("seccomp");
    return 77;
  }
  execvp(arguments[4], arguments + 4);
  perror(arguments[4]);
  return 127;
}
