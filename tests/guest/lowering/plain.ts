// No async and no std: compiles to the very same bytes with and without the transform.

interface Shape {
  area(): f64;
}

class Circle implements Shape {
  constructor(private radius: f64) {}

  area(): f64 {
    return Math.PI * this.radius * this.radius;
  }
}

class Square implements Shape {
  protected side: f64 = 2;

  area(): f64 {
    return this.side * this.side;
  }

  static of(side: f64): Square {
    const square = new Square();
    square.side = side;
    return square;
  }
}

namespace Numbers {
  export function sum(values: i32[]): i32 {
    let total = 0;
    for (let i = 0; i < values.length; i++) total += values[i];
    return total;
  }
}

const shapes: Shape[] = [new Circle(1), Square.of(3)];

export function total(scale: f64 = 1): f64 {
  let sum = 0.0;
  for (let i = 0; i < shapes.length; i++) {
    switch (i) {
      case 0:
        continue;
      default:
        sum += shapes[i].area() * scale;
    }
  }
  return sum + Numbers.sum([1, 2, 3].map<i32>((value) => value * 2));
}

export function text(name: string): string {
  const map = new Map<string, i32>();
  map.set(name, name.length);
  assert(map.has(name), "it was just set");
  return `${name} has ${map.get(name)} letters`;
}
