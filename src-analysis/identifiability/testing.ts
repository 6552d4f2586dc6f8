/** Models for tests of the identifiable dimension. */
import type { ModelGraph } from '../model/graph.ts';
import { neverCancelled } from '../readers/reader.ts';
import { readTfjsCode } from '../readers/tfjs-code/read.ts';

/** The model of TensorFlow.js statements that define `x` (the input) and `y` (the output), or of a list of layers. */
export function modelOf(code: string | readonly string[]): ModelGraph {
  const body =
    typeof code === 'string'
      ? `${code}\nexport const model = tf.model({ inputs: x, outputs: y });`
      : `export const model = tf.sequential({ layers: [\n${code.map(layer => `tf.layers.${layer},`).join('\n')}\n] });`;
  return graphsOf(body)[0]!;
}

/** The models of a module that imports TensorFlow.js as `tf`, one at least. */
export function graphsOf(body: string): readonly ModelGraph[] {
  const text = `import * as tf from '@tensorflow/tfjs';\n${body}`;
  const { models, errors } = readTfjsCode({ path: 'model.ts', text }, neverCancelled);
  if (errors.length > 0 || !models[0]) throw new Error(`${errors[0]?.message ?? 'no model'} in\n${text}`);
  return models;
}
