import * as tf from '@tensorflow/tfjs';

const classes = 10;

/**
 * The same task behind a narrow front: few filters and large strides. Its gradient holds a small part of the image, which
 * is also all that the network has to do its work with: expect lower accuracy.
 */
export function createHardenedModel(): tf.Sequential {
  const narrow = { filters: 2, kernelSize: 3, strides: 3, activation: 'tanh' } as const;
  const model = tf.sequential({ name: 'hardened_digits' });
  model.add(tf.layers.conv2d({ ...narrow, inputShape: [28, 28, 1] }));
  model.add(tf.layers.conv2d(narrow));
  model.add(tf.layers.flatten());
  // leaklint-disable-next-line dense-input-exposed -- 18 features; what they tell about the image is counted in r
  model.add(tf.layers.dense({ units: classes, activation: 'softmax' }));
  return model;
}
