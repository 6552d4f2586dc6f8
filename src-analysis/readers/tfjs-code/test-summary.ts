import type { Layer, ModelGraph, Range, Shape } from '../../model/graph.ts';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';

/** For tests: reads a snippet and tells what was found in lines of text, without the indentation of the snippet. */
export function summarise(
  text: string,
  path = 'model.ts',
  prelude = "import * as tf from '@tensorflow/tfjs';\n",
): string[] {
  const code = prelude + text;
  const { models, errors } = readTfjsCode({ path, text: code }, neverCancelled);
  return [
    ...models.flatMap(model => modelLines(code, model)),
    ...errors.map(error => `error: ${error.message}${at(code, error.range)}`),
  ];
}

function modelLines(code: string, model: ModelGraph): string[] {
  return [
    `== ${model.name}`,
    ...model.layers.map(layerLine),
    ...model.gaps.map(gap => `gap: ${gap.reason}${at(code, gap.range)}`),
  ];
}

function layerLine(layer: Layer): string {
  const inputs = layer.inputShapes.map(shapeText).join(' + ');
  const outputs = layer.outputShapes.map(shapeText).join(', ');
  const about = [
    ...(layer.op.kind === 'unknown' ? [`unknown: ${layer.op.reason}`] : []),
    ...(layer.trainable || layer.weights.length === 0 ? [] : ['frozen']),
    ...(layer.sharedWith === undefined ? [] : [`as ${layer.sharedWith}`]),
  ];
  const shapes = layer.inputs.length === 0 ? outputs : `${inputs} -> ${outputs}`;
  return `${layer.type} ${shapes}${about.length > 0 ? ` (${about.join('; ')})` : ''}`;
}

function shapeText(shape: Shape): string {
  return shape ? `[${shape.map(dim => dim ?? '?').join(',')}]` : '?';
}

function at(code: string, range: Range | undefined): string {
  return range ? ` @ ${code.slice(range.start, range.end)}` : '';
}
