/** What a snippet builds: models, layers, shapes. Every snippet begins with `import * as tf from '@tensorflow/tfjs'`. */
export const modelCases: readonly { readonly what: string; readonly code: string; readonly expected: string }[] = [
  {
    what: 'sequential with a list of layers',
    code: `const m = tf.sequential({layers: [
      tf.layers.conv2d({inputShape: [32, 32, 3], filters: 6, kernelSize: 3}),
      tf.layers.flatten(),
      tf.layers.dense({units: 10})]});`,
    expected: `== m
      input [32,32,3]
      conv2d [32,32,3] -> [30,30,6]
      flatten [30,30,6] -> [5400]
      dense [5400] -> [10]`,
  },
  {
    what: 'model.add, pop, and a layer assigned to a variable',
    code: `const m = tf.sequential();
      const first = tf.layers.dense({units: 4, inputShape: [8]});
      m.add(first);
      m.add(tf.layers.dense({units: 99}));
      m.pop();
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      dense [4] -> [2]`,
  },
  {
    what: 'the functional API, with a merge',
    code: `const x = tf.input({shape: [8, 8, 3]});
      const a = tf.layers.conv2d({filters: 4, kernelSize: 3, padding: 'same'}).apply(x);
      const b = tf.layers.conv2d({filters: 2, kernelSize: 1}).apply(x);
      const m = tf.model({inputs: x, outputs: tf.layers.concatenate().apply([a, b])});`,
    expected: `== m
      input [8,8,3]
      conv2d [8,8,3] -> [8,8,4]
      conv2d [8,8,3] -> [8,8,2]
      concatenate [8,8,4] + [8,8,2] -> [8,8,6]`,
  },
  {
    what: 'several inputs and outputs; only what lies between them',
    code: `const a = tf.input({shape: [2]}), b = tf.input({shape: [3]}), unused = tf.input({shape: [9]});
      const ab = tf.layers.concatenate().apply([a, b]);
      const m = tf.model({inputs: [a, b], outputs: [tf.layers.dense({units: 1}).apply(ab), ab]});`,
    expected: `== m
      input [2]
      input [3]
      concatenate [2] + [3] -> [5]
      dense [5] -> [1]`,
  },
  {
    what: 'a layer applied twice shares its weights',
    code: `const d = tf.layers.dense({units: 4});
      const a = tf.input({shape: [4]});
      const m = tf.model({inputs: a, outputs: d.apply(d.apply(a))});`,
    expected: `== m
      input [4]
      dense [4] -> [4]
      dense [4] -> [4] (as 1)`,
  },
  {
    what: 'inputShape in its other spellings',
    code: `const a = tf.sequential({layers: [tf.layers.dense({units: 1, batchInputShape: [null, 5]})]});
      const b = tf.sequential({layers: [tf.layers.dense({units: 1, inputDim: 6})]});
      const c = tf.sequential({layers: [tf.layers.embedding({inputDim: 100, outputDim: 8, inputLength: 7})]});
      const d = tf.sequential({layers: [tf.layers.inputLayer({inputShape: [4]}), tf.layers.dense({units: 2})]});
      const e = tf.sequential({layers: [tf.layers.dense({units: 1, inputShape: 3})]});`,
    expected: `== a
      input [5]
      dense [5] -> [1]
      == b
      input [6]
      dense [6] -> [1]
      == c
      input [7]
      embedding [7] -> [7,8]
      == d
      inputLayer [4]
      dense [4] -> [2]
      == e
      input [3]
      dense [3] -> [1]`,
  },
  {
    what: 'a model as a layer of another one is expanded in place and not reported on its own',
    code: `const base = tf.sequential({name: 'base', layers: [tf.layers.dense({units: 4, inputShape: [8]}), tf.layers.reLU()]});
      const m = tf.sequential();
      m.add(base);
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      reLU [4] -> [4]
      dense [4] -> [2]`,
  },
  {
    what: 'a model applied to tensors; reported on its own because it is compiled',
    code: `const f = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]});
      f.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
      const a = tf.input({shape: [8]}), b = tf.input({shape: [8]});
      const m = tf.model({inputs: [a, b], outputs: tf.layers.add().apply([f.apply(a), f.apply(b)])});`,
    expected: `== f
      input [8]
      dense [8] -> [4]
      == m
      input [8]
      input [8]
      dense [8] -> [4]
      dense [8] -> [4] (as 2)
      add [4] + [4] -> [4]`,
  },
  {
    what: 'layers and tensors of a model are found again',
    code: `const base = tf.sequential({layers: [
        tf.layers.conv2d({inputShape: [8, 8, 1], filters: 2, kernelSize: 3, name: 'features'}),
        tf.layers.flatten(), tf.layers.dense({units: 9})]});
      const cut = base.getLayer('features').output;
      const m = tf.model({inputs: base.inputs, outputs: tf.layers.flatten().apply(cut)});
      const n = tf.model({inputs: base.input, outputs: base.layers[1].output});
      const o = tf.model({inputs: base.inputs, outputs: base.getLayer(null, 0).output});`,
    expected: `== base
      input [8,8,1]
      conv2d [8,8,1] -> [6,6,2]
      flatten [6,6,2] -> [72]
      dense [72] -> [9]
      == m
      input [8,8,1]
      conv2d [8,8,1] -> [6,6,2]
      flatten [6,6,2] -> [72]
      == n
      input [8,8,1]
      conv2d [8,8,1] -> [6,6,2]
      flatten [6,6,2] -> [72]
      == o
      input [8,8,1]
      conv2d [8,8,1] -> [6,6,2]`,
  },
  {
    what: 'frozen layers: by configuration, by assignment, by the model',
    code: `const base = tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [4]})]});
      base.trainable = false;
      const m = tf.sequential();
      m.add(base);
      m.add(tf.layers.dense({units: 3, trainable: false}));
      m.add(tf.layers.dense({units: 3}));
      m.layers[2].trainable = false;
      m.add(tf.layers.dense({units: 3}));
      for (const layer of m.layers.slice(3)) layer.trainable = true;`,
    expected: `== m
      input [4]
      dense [4] -> [3] (frozen)
      dense [3] -> [3] (frozen)
      dense [3] -> [3] (frozen)
      dense [3] -> [3]`,
  },
  {
    what: 'the shape of a tensor is used by the code',
    code: `const x = tf.input({shape: [6, 6, 2]});
      const y = tf.layers.flatten().apply(x);
      const [, length] = y.shape;
      const m = tf.model({inputs: x, outputs: tf.layers.dense({units: length / 2}).apply(y)});
      const n = tf.sequential({layers: [tf.layers.dense({inputShape: m.outputs[0].shape.slice(1), units: 1})]});`,
    expected: `== m
      input [6,6,2]
      flatten [6,6,2] -> [72]
      dense [72] -> [36]
      == n
      input [36]
      dense [36] -> [1]`,
  },
  {
    what: 'classes of TensorFlow.js made with new',
    code: `const s = new tf.Sequential();
      s.add(tf.layers.dense({units: 1, inputShape: [2]}));
      const x = tf.input({shape: [2]});
      const m = new tf.LayersModel({inputs: x, outputs: tf.layers.dense({units: 3}).apply(x)});`,
    expected: `== s
      input [2]
      dense [2] -> [1]
      == m
      input [2]
      dense [2] -> [3]`,
  },
  {
    what: 'layers inside the configuration of layers',
    code: `const m = tf.sequential({layers: [
        tf.layers.timeDistributed({layer: tf.layers.dense({units: 4}), inputShape: [5, 3]}),
        tf.layers.bidirectional({layer: tf.layers.lstm({units: 6}), mergeMode: 'concat'})]});`,
    expected: `== m
      input [5,3]
      timeDistributed [5,3] -> [5,4]
      bidirectional [5,4] -> [12]`,
  },
  {
    what: 'a layer with several outputs',
    code: `const x = tf.input({shape: [5, 3]});
      const [sequence, h] = tf.layers.lstm({units: 4, returnSequences: true, returnState: true}).apply(x);
      const m = tf.model({inputs: x, outputs: [tf.layers.dense({units: 2}).apply(sequence), h]});`,
    expected: `== m
      input [5,3]
      lstm [5,3] -> [5,4], [4], [4]
      dense [5,4] -> [5,2]`,
  },
  {
    what: 'the first state of a recurrent layer is an input, too',
    code: `const x = tf.input({shape: [5, 3]});
      const [, h, c] = tf.layers.lstm({units: 4, returnState: true}).apply(x);
      const y = tf.layers.lstm({units: 4}).apply(x, {initialState: [h, c]});
      const m = tf.model({inputs: x, outputs: y});`,
    expected: `== m
      input [5,3]
      lstm [5,3] -> [4], [4], [4]
      lstm [5,3] + [4] + [4] -> [4]`,
  },
  {
    what: 'a custom layer is unknown, with the shape that its computeOutputShape gives',
    code: `class Antirectifier extends tf.layers.Layer {
        constructor(config) { super(config); this.factor = 2; }
        computeOutputShape(inputShape) { return [inputShape[0], inputShape[1], this.factor * inputShape[2]]; }
        call(inputs) { return tf.concat([inputs, inputs], 2); }
        static get className() { return 'Antirectifier'; }
      }
      const m = tf.sequential({layers: [
        tf.layers.dense({units: 3, inputShape: [4, 2]}), new Antirectifier({name: 'anti'}), tf.layers.flatten()]});`,
    expected: `== m
      input [4,2]
      dense [4,2] -> [4,3]
      Antirectifier [4,3] -> [4,6] (unknown: \`Antirectifier\` is a layer class of this project's own, whose computation is not analysed.)
      flatten [4,6] -> [24]`,
  },
  {
    what: 'custom layers as people write them: typed, inherited, without computeOutputShape, with several outputs',
    code: `const {layers} = tf;
      class Units extends layers.Layer {
        private readonly units: number;
        static readonly className = 'Units';
        constructor(args: {units: number; name?: string}) { super(args as any); this.units = args.units; }
        computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
          const shape = inputShape as number[];
          return [...shape.slice(0, -1), this.units];
        }
      }
      class More extends Units { static className = 'More'; constructor() { super({units: 7}); } }
      class Plain extends tf.layers.Layer { static get className() { return 'Plain'; } call(x: tf.Tensor) { return x; } }
      class Split extends tf.layers.Layer {
        static get className() { return 'Split'; }
        computeOutputShape = (s: number[]) => [[s[0], s[1] - 1, s[2]], [s[0], 1, s[2] / 7]];
      }
      const make = (units: number) => new Units({units});
      const x = tf.input({shape: [8, 4]});
      const y = new Plain({}).apply(new More().apply(make(3).apply(x)));
      const [p, q] = new Split({}).apply(y) as tf.SymbolicTensor[];
      const m = tf.model({inputs: x, outputs: [tf.layers.flatten().apply(p), tf.layers.flatten().apply(q)] as tf.SymbolicTensor[]});`,
    expected: `== m
      input [8,4]
      Units [8,4] -> [8,3] (unknown: \`Units\` is a layer class of this project's own, whose computation is not analysed.)
      More [8,3] -> [8,7] (unknown: \`More\` is a layer class of this project's own, whose computation is not analysed.)
      Plain [8,7] -> [8,7] (unknown: \`Plain\` is a layer class of this project's own, whose computation is not analysed.)
      Split [8,7] -> [7,7], [1,1] (unknown: \`Split\` is a layer class of this project's own, whose computation is not analysed.)
      flatten [7,7] -> [49]
      flatten [1,1] -> [1]`,
  },
  {
    what: 'what TensorFlow.js would refuse is an error at the layer',
    code: `const m = tf.sequential({layers: [tf.layers.conv2d({inputShape: [4, 4, 1], filters: -2, kernelSize: 3})]});`,
    expected: `== m
      input [4,4,1]
      conv2d [4,4,1] -> [2,2,?]
      error: conv2d_1: filters must be a positive integer, but is -2. @ conv2d`,
  },
];
