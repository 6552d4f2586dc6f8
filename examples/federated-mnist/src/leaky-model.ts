import * as tf from '@tensorflow/tfjs';

const classes = 10;

/** A small convolutional network for handwritten digits, as tutorials have it. Its gradient holds the whole image. */
export function createLeakyModel(): tf.Sequential {
  const model = tf.sequential({ name: 'leaky_digits' });
  model.add(
    tf.layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 12,
      kernelSize: 5,
      strides: 2,
      padding: 'same',
      activation: 'tanh',
    }),
  );
  model.add(tf.layers.conv2d({ filters: 12, kernelSize: 5, strides: 2, padding: 'same', activation: 'tanh' }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: classes, activation: 'softmax' }));
  return model;
}
