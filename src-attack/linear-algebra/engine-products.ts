import type { Engine, Program } from '../engines/engine.ts';
import { createGraph } from '../ir/graph.ts';
import { matmul } from '../ir/matmul.ts';
import { type MatrixProducts, plainProducts } from './products.ts';

/** Matrix products by an engine, one compiled program a shape; in plain JavaScript where it has no float64. */
export function engineProducts(engine: Engine): MatrixProducts {
  if (!engine.info.precisions.includes('float64')) return plainProducts;
  const programs = new Map<string, Promise<Program>>();
  const programFor = (rows: number, inner: number, columns: number) => {
    const key = `${rows},${inner},${columns}`;
    const known = programs.get(key);
    if (known) return known;
    const graph = createGraph();
    const product = matmul(graph.input('a', [rows, inner]), graph.input('b', [columns, inner]), false, true);
    const program = engine.compile({ product }, { precision: 'float64' });
    programs.set(key, program);
    return program;
  };
  return {
    async multiplyTransposed(a, b, rows, inner, columns) {
      const program = await programFor(rows, inner, columns);
      const { product } = await program.run({ a, b });
      return product as Float64Array;
    },
  };
}
