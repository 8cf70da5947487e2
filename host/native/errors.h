/*
 * The operating system's error numbers as those of the ABI. They are told apart by name, so that no
 * system's numbers are written down anywhere.
 *
 * Thread: any; no state.
 */
#ifndef STD_ERRORS_H
#define STD_ERRORS_H

#include <stdint.h>

/* The `Errno` for a positive number of the OS; `EIO` for what the ABI has no name for. */
int32_t errno_of_system(int error);

/*
 * What stands in a completion for a result: a value ≥ 0 as it is; for -errno a negative number, of
 * which the low half is the negative `Errno`, and the high half the OS's number below the sign.
 */
int64_t result_of_system(int64_t result);

#endif
