// A classifier for 16×16 pictures, as a client of federated learning might train it.
import * as tf from '@tensorflow/tfjs';

export function createModel(): tf.LayersModel {
  const model = tf.sequential({ name: 'leaky' });
  model.add(
    tf.layers.conv2d({ inputShape: [16, 16, 3], filters: 12, kernelSize: 5, padding: 'same', activation: 'tanh' }),
  );
  // Try strides: 4 or filters: 1 here, and watch r of n in the line above the model.
  model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, activation: 'tanh' }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10 }));
  return model;
}
