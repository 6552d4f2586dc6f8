import * as tf from '@tensorflow/tfjs';

/** Real models of every kind that a model.json can hold. Each call makes a new one. */
export const models: Readonly<Record<string, () => tf.LayersModel>> = {
  'sequential CNN': () =>
    tf.sequential({
      name: 'cnn',
      layers: [
        tf.layers.conv2d({
          name: 'c1',
          filters: 4,
          kernelSize: 3,
          strides: 2,
          activation: 'relu',
          inputShape: [12, 11, 3],
        }),
        tf.layers.batchNormalization({}),
        tf.layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, padding: 'same' }),
        tf.layers.separableConv2d({ filters: 5, kernelSize: 2 }),
        tf.layers.leakyReLU({ alpha: 0.2 }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 1 }),
        tf.layers.dropout({ rate: 0.25 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
  'channels first': () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          dataFormat: 'channelsFirst',
          useBias: false,
          inputShape: [3, 9, 8],
        }),
        tf.layers.averagePooling2d({ poolSize: [2, 1], dataFormat: 'channelsFirst', padding: 'same' }),
        tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, dataFormat: 'channelsFirst' }),
        tf.layers.globalMaxPooling2d({ dataFormat: 'channelsFirst' }),
      ],
    }),
  'frozen layers': () =>
    tf.sequential({
      layers: [
        tf.layers.conv1d({ filters: 4, kernelSize: 3, trainable: false, inputShape: [12, 3] }),
        tf.layers.layerNormalization({ axis: [1, 2] }),
        tf.layers.gru({ units: 3, returnSequences: true }),
        tf.layers.bidirectional({
          layer: tf.layers.lstm({ units: 3, returnSequences: true }) as tf.RNN,
          mergeMode: 'sum',
        }),
        tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) }),
        tf.layers.rnn({ cell: [tf.layers.lstmCell({ units: 4 }), tf.layers.gruCell({ units: 2 })] }),
      ],
    }),
  'embedding of words': () =>
    tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 50, outputDim: 6, inputLength: 7 }),
        tf.layers.globalAveragePooling1d(),
        tf.layers.dense({ units: 1, activation: 'sigmoid' }),
      ],
    }),
  'residual branches': () => {
    const input = tf.input({ shape: [8, 8, 3], name: 'image' });
    const first = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(input);
    const second = tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'tanh' }).apply(first);
    const sum = tf.layers.add().apply([first, second] as tf.SymbolicTensor[]);
    const joined = tf.layers.concatenate({ axis: 3 }).apply([sum, first] as tf.SymbolicTensor[]);
    const flat = tf.layers.flatten().apply(joined);
    const label = tf.layers.dense({ units: 3, name: 'label' }).apply(flat) as tf.SymbolicTensor;
    const score = tf.layers.dense({ units: 1, name: 'score' }).apply(flat) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: [score, label] });
  },
  'shared layers': () => {
    const [left, right] = [tf.input({ shape: [6] }), tf.input({ shape: [6] })];
    const tower = tf.layers.dense({ units: 6, name: 'tower' });
    const twice = tower.apply(tower.apply(left));
    const other = tower.apply(right);
    const out = tf.layers.dot({ axes: 1 }).apply([twice, other] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    return tf.model({ inputs: [left, right], outputs: out });
  },
  'nested models': () => {
    const inner = tf.sequential({ name: 'inner', layers: [tf.layers.dense({ units: 5, inputShape: [5] })] });
    const input = tf.input({ shape: [5] });
    const middle = tf.model({
      inputs: input,
      outputs: inner.apply(inner.apply(input)) as tf.SymbolicTensor,
      name: 'middle',
    });
    const outer = tf.input({ shape: [5] });
    const twice = middle.apply(middle.apply(outer));
    const out = tf.layers.dense({ units: 2 }).apply(twice) as tf.SymbolicTensor;
    return tf.model({ inputs: outer, outputs: out, name: 'outer' });
  },
  'model first in a sequential model': () =>
    tf.sequential({
      layers: [
        tf.sequential({ layers: [tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [7, 7, 1] })] }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  'states of recurrent layers': () => {
    const input = tf.input({ shape: [4, 3] });
    const [, h, c] = tf.layers.lstm({ units: 2, returnState: true }).apply(input) as tf.SymbolicTensor[];
    const decoder = tf.layers.lstm({ units: 2 });
    const out = decoder.apply([input, h, c] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: out });
  },
};

/** The text of the model.json that TensorFlow.js saves, with the bytes of its one weight file. */
export async function save(model: tf.LayersModel): Promise<{ text: string; bytes: Uint8Array }> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async artifacts => {
      saved = artifacts;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  if (!saved?.weightSpecs || !saved.weightData) throw new Error('nothing was saved');
  const { modelTopology, format, generatedBy, convertedBy, weightSpecs } = saved;
  const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
  const json = { modelTopology, format, generatedBy, convertedBy, weightsManifest };
  const data = saved.weightData;
  const buffer = Array.isArray(data) ? tf.io.CompositeArrayBuffer.join(data) : data;
  return { text: JSON.stringify(json), bytes: new Uint8Array(buffer) };
}

/** Output shapes of every application of every layer, nested models expanded, with the names our reader gives. */
export function applications(model: tf.LayersModel, prefix = ''): Map<string, unknown> {
  const shapes = new Map<string, unknown>();
  for (const layer of model.layers) {
    // A nested model's first node is its own construction.
    const isModel = layer instanceof tf.LayersModel;
    const nodes = layer.inboundNodes.slice(isModel && layer.inboundNodes.length > 1 ? 1 : 0);
    nodes.forEach((node, call) => {
      const name = `${prefix}${layer.name}${call === 0 ? '' : ` (call ${call + 1})`}`;
      if (isModel) for (const [inner, shape] of applications(layer, `${name}/`)) shapes.set(inner, shape);
      else
        shapes.set(
          name,
          node.outputShapes.map(shape => (shape as tf.Shape).slice(1)),
        );
    });
  }
  return shapes;
}

/** Loads the text of a model.json into TensorFlow.js, with zeros for weights. */
export async function load(text: string): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(text);
  const weightSpecs = weightsManifest.flatMap((group: { weights: tf.io.WeightsManifestEntry[] }) => group.weights);
  const size = weightSpecs.reduce(
    (sum: number, spec: tf.io.WeightsManifestEntry) => sum + tf.util.sizeFromShape(spec.shape),
    0,
  );
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: new ArrayBuffer(4 * size) }));
}
