/**
 * Where a stream stands. A file has its position in the app, as `Stream.cursor`, as long as nobody
 * else moves it; from then on in its descriptor, which is one for all who have it.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Offset, SeekFlag } from "./abi/flags";
import { Op } from "./abi/op";
import { Error, Result } from "./error";
import { Operation } from "./rt/operation";
import { Stream } from "./transfer";

/** Moves the position of the descriptor, and says where that is then. */
// @ts-ignore: decorator
@final
export class SeekOperation extends Operation<Result<u64>> {
  /** `origin`: a `SeekFlag`. */
  constructor(private stream: Stream, origin: u32, offset: i64) {
    super(Op.Seek);
    this.handle = stream.handle;
    this.flagBits = origin;
    this.offset = offset;
  }

  protected settle(result: i64, osError: u32): Result<u64> {
    if (result >= 0) return Result.ok<u64>(result);
    return Result.err<u64>(Error.fromResult(result, osError, "seek", this.stream.name));
  }
}

/** Hands the position over to the descriptor, because somebody else will have that, too. */
export async function sharePosition(stream: Stream): Promise<Result<u64>> {
  const cursor = stream.cursor;
  if (cursor == Offset.Current) return Result.ok<u64>(0);
  stream.cursor = Offset.Current;
  const moved = await new SeekOperation(stream, SeekFlag.Start, cursor).start();
  // What has no position has none to share.
  if (moved.isOk || moved.error.errno == Errno.ESPIPE) return Result.ok<u64>(0);
  stream.cursor = cursor;
  return moved;
}
