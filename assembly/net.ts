/**
 * The network. The names and their meaning are those of Rust's `std::net`.
 *
 * An app reaches what it was given and nothing else: everything else is "permission denied". Every
 * error names the operation and the address, and keeps the number of the system.
 *
 * @module
 */
export { IpAddr, SocketAddr } from "./net/address";
export { lookupHost } from "./net/lookup";
export { Bind } from "./net/socket";
export { Shutdown, SocketStream } from "./net/stream";
export { TcpListener, TcpStream } from "./net/tcp";
export { RecvResult, UdpSocket } from "./net/udp";
export { UnixListener, UnixStream } from "./net/unix";
