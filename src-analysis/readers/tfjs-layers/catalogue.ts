/** The layer classes of TensorFlow.js and the `tf.layers` functions that make them (TensorFlow.js 4.22). */

/** Class name → its factories in `tf.layers`; the first is the canonical one. */
const factoriesByClass: Readonly<Record<string, readonly string[]>> = {
  Activation: ['activation'],
  Add: ['add'],
  AlphaDropout: ['alphaDropout'],
  Average: ['average'],
  AveragePooling1D: ['averagePooling1d', 'avgPool1d', 'avgPooling1d'],
  AveragePooling2D: ['averagePooling2d', 'avgPool2d', 'avgPooling2d'],
  AveragePooling3D: ['averagePooling3d', 'avgPool3d', 'avgPooling3d'],
  BatchNormalization: ['batchNormalization'],
  Bidirectional: ['bidirectional'],
  CategoryEncoding: ['categoryEncoding'],
  CenterCrop: ['centerCrop'],
  Concatenate: ['concatenate'],
  Conv1D: ['conv1d'],
  Conv2D: ['conv2d'],
  Conv2DTranspose: ['conv2dTranspose'],
  Conv3D: ['conv3d'],
  Conv3DTranspose: ['conv3dTranspose'],
  ConvLSTM2D: ['convLstm2d'],
  ConvLSTM2DCell: ['convLstm2dCell'],
  Cropping2D: ['cropping2D'],
  Dense: ['dense'],
  DepthwiseConv2D: ['depthwiseConv2d'],
  Dot: ['dot'],
  Dropout: ['dropout'],
  ELU: ['elu'],
  Embedding: ['embedding'],
  Flatten: ['flatten'],
  GRU: ['gru'],
  GRUCell: ['gruCell'],
  GaussianDropout: ['gaussianDropout'],
  GaussianNoise: ['gaussianNoise'],
  GlobalAveragePooling1D: ['globalAveragePooling1d'],
  GlobalAveragePooling2D: ['globalAveragePooling2d'],
  GlobalMaxPooling1D: ['globalMaxPooling1d', 'globalMaxPool1d'],
  GlobalMaxPooling2D: ['globalMaxPooling2d', 'globalMaxPool2d'],
  InputLayer: ['inputLayer', 'input'],
  LSTM: ['lstm'],
  LSTMCell: ['lstmCell'],
  LayerNormalization: ['layerNormalization'],
  LeakyReLU: ['leakyReLU'],
  Masking: ['masking'],
  MaxPooling1D: ['maxPooling1d', 'maxPool1d'],
  MaxPooling2D: ['maxPooling2d', 'maxPool2d'],
  MaxPooling3D: ['maxPooling3d'],
  Maximum: ['maximum'],
  Minimum: ['minimum'],
  Multiply: ['multiply'],
  PReLU: ['prelu'],
  Permute: ['permute'],
  RNN: ['rnn'],
  RandomWidth: ['randomWidth'],
  ReLU: ['reLU'],
  RepeatVector: ['repeatVector'],
  Rescaling: ['rescaling'],
  Reshape: ['reshape'],
  Resizing: ['resizing'],
  SeparableConv2D: ['separableConv2d'],
  SimpleRNN: ['simpleRNN'],
  SimpleRNNCell: ['simpleRNNCell'],
  Softmax: ['softmax'],
  SpatialDropout1D: ['spatialDropout1d'],
  StackedRNNCells: ['stackedRNNCells'],
  ThresholdedReLU: ['thresholdedReLU'],
  TimeDistributed: ['timeDistributed'],
  UpSampling2D: ['upSampling2d'],
  ZeroPadding2D: ['zeroPadding2d'],
};

const classByFactory: ReadonlyMap<string, string> = new Map(
  Object.entries(factoriesByClass).flatMap(([className, factories]) => factories.map(f => [f, className] as const)),
);

/** Every function of `tf.layers` that makes a layer (`input` included, which makes a tensor). */
export const layerFactories: readonly string[] = [...classByFactory.keys()];

/** Class made by a `tf.layers` function, aliases included: `maxPool2d` → `MaxPooling2D`; undefined if none is. */
export function classNameOf(factory: string): string | undefined {
  return classByFactory.get(factory);
}

/** The `tf.layers` function that makes a class, by its usual name: `Conv2D` → `conv2d`; undefined if none does. */
export function factoryOf(className: string): string | undefined {
  return Object.hasOwn(factoriesByClass, className) ? factoriesByClass[className]?.[0] : undefined;
}
