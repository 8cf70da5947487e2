/** The backends that can be tried on this machine. */
export const backends: readonly string[] = ["io_uring"];
