/** Small models and analyses for the tests of rules, suppressions and reports. */
import type { Identifiable, LayerAnalysis, ModelAnalysis } from '../model/analysis.ts';
import type { Layer, ModelGraph, Op, Range } from '../model/graph.ts';

export interface LayerSpec extends Partial<Omit<Layer, 'id' | 'op'>> {
  readonly op: Op;
}

/** A chain: every layer reads the one before. */
export function chain(layers: readonly LayerSpec[], model: Partial<ModelGraph> = {}): ModelGraph {
  const built = layers.map(
    (spec, id): Layer => ({
      id,
      name: `layer${id}`,
      type: spec.op.kind,
      inputs: id === 0 ? [] : [{ layer: id - 1, output: 0 }],
      inputShapes: [null],
      outputShapes: [null],
      weights: [],
      trainable: true,
      ...spec,
    }),
  );
  return {
    name: 'model',
    format: 'tfjs-code',
    layers: built,
    inputs: [{ layer: 0, output: 0 }],
    outputs: [{ layer: built.length - 1, output: 0 }],
    gaps: [],
    ...model,
  };
}

export function figures(layer: number, fields: Partial<LayerAnalysis> = {}): LayerAnalysis {
  return {
    layer,
    unknowns: 3072,
    touched: 3072,
    rows: { weights: 5400, gradients: 162 },
    rank: { weights: 3072, gradients: 162, system: 3072 },
    deficiency: 0,
    metricWeight: 1,
    verdict: 'soluble',
    basis: 'law',
    assumptions: [],
    ...fields,
  };
}

export const unknownFigures: Partial<LayerAnalysis> = {
  unknowns: null,
  touched: null,
  rows: null,
  rank: null,
  deficiency: null,
  metricWeight: null,
  verdict: 'unknown',
  basis: 'not-covered',
};

export function identifiable(
  rank: number | null,
  unknowns: number | null,
  fields: Partial<Identifiable> = {},
): Identifiable {
  return {
    rank,
    unknowns,
    fraction: rank === null || unknowns === null ? null : rank / unknowns,
    basis: rank === null ? 'unknown' : 'law',
    assumptions: [],
    ...fields,
  };
}

export function analysisOf(layers: readonly LayerAnalysis[], fields: Partial<ModelAnalysis> = {}): ModelAnalysis {
  return {
    metric: { c: 0, cRounded: 0, coverage: 'complete' },
    identifiable: identifiable(3072, 3072),
    layers,
    pending: [],
    ...fields,
  };
}

export const conv: Op = {
  kind: 'conv',
  spatialRank: 2,
  inChannels: 3,
  filters: 6,
  kernelSize: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  padding: { mode: 'valid' },
  groups: 1,
  bias: true,
  dataFormat: 'channelsLast',
};

export const dense = (bias = true, inFeatures = 784): Op => ({ kind: 'dense', inFeatures, units: 10, bias });

/** The range of the n-th occurrence of a word in a text. */
export function rangeOf(text: string, word: string, occurrence = 0): Range {
  let start = text.indexOf(word);
  for (let i = 0; i < occurrence; i++) start = text.indexOf(word, start + 1);
  if (start < 0) throw new Error(`no '${word}' in the text`);
  return { start, end: start + word.length };
}
