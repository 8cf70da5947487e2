// The least that an app can be: what it carries is what every app carries.

async function number(): Promise<i32> {
  return 3;
}

export async function main(): Promise<i32> {
  const pending = number();
  return await pending;
}
