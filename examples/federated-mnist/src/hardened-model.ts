import * as tf from '@tensorflow/tfjs';

const classes = 10;

/**
 * The same task behind a narrow front: one filter over 4×4 patches, then a few filters on what is left. Its gradient
 * holds a small part of the image, which the network also has to do its work with: expect lower accuracy.
 */
export function createHardenedModel(): tf.Sequential {
  const patches = { kernelSize: 4, strides: 4 };
  const model = tf.sequential({ name: 'hardened_digits' });
  model.add(tf.layers.conv2d({ ...patches, inputShape: [28, 28, 1], filters: 1, activation: 'tanh' }));
  model.add(tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'tanh' }));
  model.add(tf.layers.flatten());
  // leaklint-disable-next-line dense-input-exposed -- 36 features; what they tell about the image is counted in r
  model.add(tf.layers.dense({ units: classes, activation: 'softmax' }));
  return model;
}
