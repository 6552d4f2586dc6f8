/** A run with every kind of content, for the tests of the reports. */
import { type AnalysedFile, reportOn } from '../check.ts';
import { defaultConfig, type ResolvedConfig } from '../findings/config.ts';
import { neverCancelled } from '../readers/reader.ts';
import { analysisOf, chain, conv, dense, figures, identifiable, rangeOf, unknownFigures } from '../rules/testing.ts';
import type { CheckedFile, CheckRun } from './run.ts';

const code = `import * as tf from '@tensorflow/tfjs';

// leaklint-disable-next-line dense-input-exposed -- the last layer
const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 6, kernelSize: 3 }),
  tf.layers.lstm({ units: 4 }), // leaklint-disable-next-line dense-input-exposed -- the features are public
  tf.layers.dense({ units: 10 }),
] });
`;

/** A leaky convolution, a layer that is not covered, a suppressed dense layer and an idle suppression. */
function codeFile(): AnalysedFile {
  const graph = chain(
    [
      { op: { kind: 'input' } },
      {
        op: conv,
        name: 'conv2d_1',
        type: 'conv2d',
        range: rangeOf(code, 'conv2d'),
        inputShapes: [[32, 32, 3]],
        outputShapes: [[30, 30, 6]],
      },
      {
        op: { kind: 'recurrent', cell: 'lstm', units: 4, bidirectional: false, returnSequences: false },
        name: 'lstm_1',
        type: 'lstm',
        range: rangeOf(code, 'lstm'),
      },
      { op: dense(true, 4), name: 'dense_1', type: 'dense', range: rangeOf(code, 'dense', 2), inputShapes: [[4]] },
    ],
    { name: 'model', range: rangeOf(code, 'sequential') },
  );
  const layers = [figures(1), figures(2, { ...unknownFigures, reason: 'recurrent layers are not covered' })];
  const analysis = analysisOf(layers, {
    metric: { c: -2266.5, cRounded: -2266, coverage: 'partial' },
    identifiable: identifiable(1029, 3072, { bottleneck: 1, assumptions: ['generic weights'] }),
  });
  const comments = [...code.matchAll(/\/\/(.*)/g)].map(match => ({
    range: { start: match.index, end: match.index + match[0].length },
    text: match[1] ?? '',
  }));
  return { models: [{ graph, analysis }], errors: [], comments };
}

/** A binary model without places, one layer deficient and one whose finding the configuration accepts. */
function binaryFile(): AnalysedFile {
  const graph = chain(
    [
      { op: { kind: 'input' } },
      { op: conv, name: '/conv1/Conv', type: 'Conv', inputShapes: [[3, 32, 32]], outputShapes: [[6, 30, 30]] },
      { op: conv, name: '/conv2/Conv', type: 'Conv', inputShapes: [[6, null, 30]], outputShapes: [null] },
    ],
    { name: 'main_graph\u001b[31m', format: 'onnx' },
  );
  const rank = { weights: 1350, gradients: 288, system: 1602 };
  const deficient = {
    verdict: 'deficient',
    deficiency: -1470,
    rank,
    basis: 'finite-field',
    metricWeight: 0.5,
  } as const;
  return {
    models: [{ graph, analysis: analysisOf([figures(1), figures(2, deficient)]) }],
    errors: [],
    comments: [],
  };
}

const ignores = [{ path: '**/*.onnx', layer: '/conv1/Conv', rule: 'soluble-layer', reason: 'frozen' }];

export function sampleRun(config: ResolvedConfig = { ...defaultConfig, ignores }): CheckRun {
  const options = { config, exact: new Map(), cancel: neverCancelled };
  const nothing: AnalysedFile = { models: [], comments: [], errors: [{ message: 'The file is not UTF-8 text.' }] };
  const files: CheckedFile[] = [
    { report: reportOn({ path: 'src/my model,1.ts', text: code }, codeFile(), options), text: code },
    {
      report: reportOn({ path: '../m/cnn.onnx' }, binaryFile(), { ...options, configPath: 'm/cnn.onnx' }),
      uri: 'file:///m/cnn.onnx',
    },
    { report: { ...reportOn({ path: 'broken.json' }, nothing, options), internalErrors: ['Error: at x'] } },
  ];
  return { files, version: '1.2.3' };
}
