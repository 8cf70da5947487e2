/* Runs a program whose input and output do not block, as others who share them may have set. */
#include <fcntl.h>
#include <unistd.h>

int main(int count, char **arguments)
{
  for (int stream = 0; stream < 2; stream++) {
    int flags = fcntl(stream, F_GETFL);
    if (flags < 0 || fcntl(stream, F_SETFL, flags | O_NONBLOCK) < 0) return 126;
  }
  if (count > 1) execvp(arguments[1], arguments + 1);
  return 127;
}
