// What AssemblyScript itself makes of a hello world that is given a name: no std, no async.
export function hello(name: string): string {
  return "hello, " + name;
}
