/** Something that performs operations on this machine, and the variables that choose it. */
export interface Variant {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

const everything = String(Number.MAX_SAFE_INTEGER);

/**
 * Every backend, and each way in which it may work differently elsewhere: with the kernel kept away
 * from the guest's memory, and on a kernel that knows none of io_uring's operations, or nothing
 * that came after the first epoll.
 */
export const backends: readonly Variant[] = [
  { name: "io_uring", env: { STD_BACKEND: "io_uring" } },
  {
    name: "io_uring without opcodes, bounced",
    env: { STD_BACKEND: "io_uring", STD_IO_URING_WITHOUT: everything, STD_MEMORY: "bounce" },
  },
  { name: "epoll", env: { STD_BACKEND: "epoll" } },
  {
    name: "epoll on an old kernel, bounced",
    env: { STD_BACKEND: "epoll", STD_IO_URING_WITHOUT: everything, STD_MEMORY: "bounce" },
  },
];
