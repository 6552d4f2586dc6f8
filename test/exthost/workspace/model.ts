import * as tf from '@tensorflow/tfjs';

/** A small classifier whose layers give their input away. */
export function createModel(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [16, 16, 3], filters: 12, kernelSize: 3, padding: 'same', activation: 'tanh' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10 }),
    ],
  });
}
