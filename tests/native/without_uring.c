/*
 * Runs a program on a machine whose seccomp filter refuses io_uring, as containers have it:
 *
 *     without_uring ERRNO PROGRAM [ARGUMENT…]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../host/native/uring.h"

int main(int count, char **arguments)
{
  if (count < 3) return 2;
  uint32_t error = (uint32_t)strtoul(arguments[1], NULL, 10);
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, URING_SYS_SETUP, 0, 2),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, URING_SYS_REGISTER, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
    perror("seccomp");
    return 77;
  }
  execvp(arguments[2], arguments + 2);
  perror(arguments[2]);
  return 127;
}
