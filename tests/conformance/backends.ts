/** Something that performs operations on this machine, and the variables that choose it. */
export interface Variant {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Every backend, and each way in which it may work differently elsewhere: with the kernel kept away
 * from the guest's memory, and on a kernel that knows none of io_uring's operations.
 */
export const backends: readonly Variant[] = [
  { name: "io_uring", env: { STD_BACKEND: "io_uring" } },
  {
    name: "io_uring without opcodes, bounced",
    env: {
      STD_BACKEND: "io_uring",
      STD_IO_URING_WITHOUT: String(Number.MAX_SAFE_INTEGER),
      STD_MEMORY: "bounce",
    },
  },
  { name: "epoll", env: { STD_BACKEND: "epoll" } },
  { name: "epoll, bounced", env: { STD_BACKEND: "epoll", STD_MEMORY: "bounce" } },
];
