/**
 * Compares the shapes that Leaklint infers for ONNX files with those that ONNX Runtime computes, value by value:
 * `ONNX_MODELS=folder[:folder …]`, by default the models of test/fixtures/onnx. Shapes that the files record are left out.
 * Symbolic dimensions are run with the lengths of `ONNX_LENGTHS=T=200,s27=7`, others as 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGraph } from '../src-analysis/readers/onnx/build.ts';
import { decodeModel } from '../src-analysis/readers/onnx/decode.ts';
import { parseDim, type Shape } from '../src-analysis/readers/onnx/dimension.ts';
import { convertModel } from '../src-analysis/readers/onnx/from-proto.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { runtimeShapes } from '../test/fixtures/onnx/runtime-shapes.ts';
import { printTable } from './table.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/onnx/', import.meta.url));
const folders =
  process.env.ONNX_MODELS?.split(':') ?? ['paper', 'zoo', 'keras', 'exported'].map(f => path.join(fixtures, f));
const lengths = new Map(
  (process.env.ONNX_LENGTHS ?? 'T=200,s0=12,s27=7,s53=200').split(',').map(entry => {
    const [name = '', length] = entry.split('=');
    return [name, Number(length)] as const;
  }),
);

function evaluated(shape: Shape | undefined): Shape {
  return shape?.map(dim => (typeof dim === 'string' ? parseDim(dim, lengths) : dim)) ?? null;
}

function inferred(bytes: Uint8Array) {
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const { model } = convertModel(proto, neverCancelled);
  const outputs = model.graph.outputs.map(output => ({ ...output, shape: null }));
  const graph = { ...model.graph, valueInfo: [], outputs };
  return buildGraph({ ...model, graph }, { name: '', format: 'onnx' }, neverCancelled);
}

async function compare(file: string): Promise<readonly (string | number)[]> {
  const bytes = new Uint8Array(readFileSync(file));
  const { graph, values } = inferred(bytes);
  const counts = { equal: 0, open: 0, wrong: 0 };
  for (const [name, expected] of await runtimeShapes(bytes, lengths)) {
    const shape = evaluated(values.get(name)?.shape ?? undefined);
    const fits =
      shape === null || (shape.length === expected.length && shape.every((d, i) => d === null || d === expected[i]));
    if (!fits) {
      counts.wrong++;
      console.log(`${file}: '${name}' has shape [${expected}], not [${shape}]`);
    } else if (shape === null || shape.includes(null)) counts.open++;
    else counts.equal++;
  }
  const layers = graph?.layers ?? [];
  const unknown = layers.filter(({ op }) => op.kind === 'unknown').length;
  return [path.basename(file), counts.equal, counts.open, counts.wrong, layers.length, unknown];
}

const rows: (readonly (string | number)[])[] = [];
for (const folder of folders) {
  for (const file of readdirSync(folder).filter(name => name.endsWith('.onnx'))) {
    rows.push(await compare(path.join(folder, file)));
  }
}
printTable(['model', 'shapes equal', 'open', 'wrong', 'layers', 'not covered'], rows);
if (rows.some(([, , , wrong]) => wrong !== 0)) process.exitCode = 1;
