import { describe, expect, test } from 'vitest';

/** A small LSTM in float64 with weights from a fixed sequence; all states h_1 … h_T for inputs x. */
function lstmStates(x: readonly number[], steps: number, features: number, units: number): number[] {
  let seed = 1;
  const next = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647 - 0.5;
  };
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, next));
  const [kernel, recurrent] = [matrix(4 * units, features), matrix(4 * units, units)];
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  let [h, c] = [new Array<number>(units).fill(0), new Array<number>(units).fill(0)];
  const states: number[] = [];
  for (let t = 0; t < steps; t++) {
    const input = x.slice(t * features, (t + 1) * features);
    const dot = (row: readonly number[], v: readonly number[]) => row.reduce((sum, w, i) => sum + w * v[i]!, 0);
    const gates = kernel.map((row, g) => 2 * dot(row, input) + dot(recurrent[g]!, h));
    const gate = (g: number, u: number) => gates[g * units + u]!;
    c = c.map((old, u) => sigmoid(gate(0, u)) * old + sigmoid(gate(1, u)) * Math.tanh(gate(2, u)));
    h = c.map((value, u) => sigmoid(gate(3, u)) * Math.tanh(value));
    states.push(...h);
  }
  return states;
}

/** Rank of the Jacobian by central differences and elimination with full pivoting. */
function jacobianRank(f: (x: readonly number[]) => number[], x: readonly number[]): number {
  const step = 1e-5;
  const rows = x.map((_, i) => {
    const moved = (by: number) => f(x.map((value, j) => (i === j ? value + by : value)));
    const [up, down] = [moved(step), moved(-step)];
    return up.map((value, j) => (value - down[j]!) / (2 * step));
  });
  let rank = 0;
  for (;;) {
    let best = { size: 1e-7, i: -1, j: -1 };
    for (let i = rank; i < rows.length; i++) {
      rows[i]!.forEach((value, j) => {
        if (Math.abs(value) > best.size) best = { size: Math.abs(value), i, j };
      });
    }
    if (best.i < 0) return rank;
    [rows[rank], rows[best.i]] = [rows[best.i]!, rows[rank]!];
    const pivot = rows[rank]!;
    for (let i = rank + 1; i < rows.length; i++) {
      const factor = rows[i]![best.j]! / pivot[best.j]!;
      for (let j = 0; j < pivot.length; j++) rows[i]![j]! -= factor * pivot[j]!;
    }
    rank++;
  }
}

describe('all states of an LSTM determine min(units, features) dimensions a step', () => {
  test.each([
    [3, 2, 4],
    [4, 3, 3],
    [3, 5, 2],
  ])('%d steps, %d features, %d units', (steps, features, units) => {
    const x = Array.from({ length: steps * features }, (_, i) => Math.sin(3 * i + 1));
    const rank = jacobianRank(input => lstmStates(input, steps, features, units), x);
    expect(rank).toBe(steps * Math.min(units, features));
  });
});
