/**
 * How to call the model code of tensorflow/tfjs-examples: statements that run inside the file. Arguments are those that the
 * example's own call sites pass, or what its command line and page offer by default.
 */
const drivers: Readonly<Record<string, string>> = {
  'abalone-node/model.js': 'createModel([8])',
  'addition-rnn/index.js':
    "for (const type of ['SimpleRNN', 'GRU', 'LSTM']) createAndCompileModel(1, 128, type, 2, new CharacterTable('0123456789+ ', 5).size ?? 12, 3)",
  'baseball-node/pitch_type.js': '',
  'baseball-node/strike_zone.js': '',
  'boston-housing/index.js':
    'bostonData.trainFeatures = [[...Array(12)]]; linearRegressionModel(); multiLayerPerceptronRegressionModel1Hidden(); multiLayerPerceptronRegressionModel2Hidden()',
  'cart-pole/index.js': 'new PolicyNetwork(4); new PolicyNetwork([3, 2])',
  'data-generator/index.js': 'GLOBAL_MODEL = undefined; for (const n of [3]) createDNNModel(n)',
  'date-conversion-attention/model.js': 'createModel(35, 13, 12, 10)',
  'fashion-mnist-vae/model.js':
    'const o = {originalDim: 784, intermediateDim: 512, latentDim: 2}; vae(encoder(o), decoder(o))',
  'getting-started/index.js': '',
  'intent-classifier/training/intent_model.js': "getModel(['a', 'b', 'c'])",
  'intent-classifier/training/tagger_model.js':
    "for (const modelType of ['lstm', 'bilstm', 'stacked-bilstm']) for (const dropoutRate of [0, 0.5]) try { getModel({weights: undefined, labels: ['a', 'b'], sequenceLength: 30, embeddingDims: 512, dropoutRate, modelType}) } catch {}",
  'iris/index.js':
    'try { await trainModel(tf.zeros([9, 4]), tf.zeros([9, 3]), tf.zeros([9, 4]), tf.zeros([9, 3])) } catch {}',
  'iris-fitDataset/index.js': 'try { await trainModel() } catch {}',
  'jena-weather/models.js':
    "for (const t of ['linear-regression', 'mlp', 'mlp-l2', 'mlp-dropout', 'simpleRNN', 'gru']) buildModel(t, 240, 14)",
  'lstm-text-generation/model.js': 'createModel(40, 71, [128]); createModel(40, 71, [100, 50])',
  'mnist/index.js': 'createConvModel(); createDenseModel()',
  'mnist-acgan/gan.js':
    "const g = buildGenerator(100), d = buildDiscriminator(); d.compile({optimizer: 'sgd', loss: ['binaryCrossentropy', 'sparseCategoricalCrossentropy']}); buildCombinedModel(100, g, d, 'sgd')",
  'mnist-node/model.js': '',
  'polynomial-regression/index.js': 'try { await fitModel([{x: 1, y: 2}, {x: 2, y: 3}], 1, 0.1) } catch {}',
  'quantization/model_fashion_mnist.js': 'createModel()',
  'quantization/model_housing.js': 'createModel(8)',
  'quantization/model_mnist.js': 'createModel()',
  'sentiment/train.js':
    "for (const t of ['multihot', 'flatten', 'cnn', 'simpleRNN', 'lstm', 'bidirectionalLSTM']) buildModel(t, 100, 10000, 32)",
  'simple-object-detection/train.js': 'buildNewHead([7, 7, 256])',
  'snake-dqn/dqn.js': 'createDeepQNetwork(9, 9, 3)',
  'translation/translation.ts': 'args = {latent_dim: 256}; seq2seqModel(70, 90, 256)',
  'visualize-convnet/main.js': '',
  'webcam-transfer-learning/index.js':
    'truncatedMobileNet = {outputs: [{shape: [null, 7, 7, 256]}]}; controllerDataset.xs = {shape: [10]}; try { controllerDataset.xs = tf.zeros([1, 7, 7, 256]); await train() } catch {}',
  'website-phishing/index.js': '',
  'addition-rnn-webworker/worker.js':
    "for (const type of ['SimpleRNN', 'GRU', 'LSTM']) createAndCompileModel(1, 128, type, 2, 12, 3)",
};

/** The statements for a file of the corpus by its path in it; undefined where it is not run. */
export function driversOf(file: string): string | undefined {
  return Object.hasOwn(drivers, file) ? drivers[file] : undefined;
}
