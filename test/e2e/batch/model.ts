import * as tf from '@tensorflow/tfjs';

/** Small enough that a batch of two comes back in seconds. */
export const model = tf.sequential({
  name: 'small',
  layers: [
    tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 6, kernelSize: 3, padding: 'same', activation: 'tanh' }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 10 }),
  ],
});
