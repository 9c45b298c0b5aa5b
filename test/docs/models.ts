import type { ModelSpec } from '../support/onnx.js';
import { QuantisedModel } from '../support/quantised.js';
import { Sheet } from '../support/sheet.js';

/** Small networks with random weights, built as the real ones of their kind are; by the files that pages name. */
export const models = (): Readonly<Record<string, ModelSpec>> =>
  Object.fromEntries(Object.entries(networks()).map(([file, spec]) => [file, scaled(spec)]));

const networks = (): Readonly<Record<string, ModelSpec>> => ({
  'resnet50.onnx': resnet(),
  'model.onnx': resnet(),
  'detector.onnx': detector(),
  'vit.onnx': visionTransformer(),
  'encoder/model.onnx': sentenceEncoder(),
  'vad.onnx': speechDetector(),
  'speech.onnx': speech(),
  'quantised.onnx': quantised(),
  'decoder.onnx': decoder(),
});

/** Weights of layers as training starts with them, so that values neither vanish nor grow along the depth. */
function scaled(spec: ModelSpec): ModelSpec {
  const initializers = spec.initializers.map((tensor) => {
    if (!(tensor.data instanceof Float32Array) || tensor.dims.length < 2) return tensor;
    const [first = 1, ...rest] = tensor.dims;
    const fanIn = tensor.dims.length === 2 ? first : rest.reduce((a, b) => a * b, 1);
    return { ...tensor, data: tensor.data.map((value) => value * Math.sqrt(3 / fanIn)) };
  });
  return { ...spec, initializers };
}

/** A convolution with a bias, and what follows it. */
function conv(
  sheet: Sheet,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  { kernel = 3, stride = 1, after = 'Relu' }: { kernel?: number; stride?: number; after?: string } = {},
): string {
  const pad = (kernel - 1) >> 1;
  const weights = [
    sheet.weight(`${name}.weight`, [to, from, kernel, kernel]),
    sheet.weight(`${name}.bias`, [to], 0.01),
  ];
  const y = sheet.node('Conv', [x, ...weights], {
    ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] },
  });
  if (after === 'SiLU') return sheet.node('Mul', [y, sheet.node('Sigmoid', [y])]);
  return after === '' ? y : sheet.node(after, [y]);
}

/** Residual blocks behind a stem, as ResNet has them: images of 224 x 224 to ten classes. */
function resnet(): ModelSpec {
  const sheet = new Sheet();
  const image = sheet.input('input', ['n', 3, 224, 224]);
  let x = conv(sheet, 'conv1', image, [3, 16], { kernel: 7, stride: 4 });
  x = sheet.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  for (const [layer, from, to] of [
    ['layer1', 16, 16],
    ['layer2', 16, 32],
  ] as const) {
    const stride = from === to ? 1 : 2;
    const inner = conv(sheet, `${layer}.conv1`, x, [from, to], { stride });
    const sum = conv(sheet, `${layer}.conv2`, inner, [to, to], { after: '' });
    const past =
      from === to ? x : conv(sheet, `${layer}.downsample`, x, [from, to], { kernel: 1, stride, after: '' });
    x = sheet.node('Relu', [sheet.node('Add', [sum, past])]);
  }
  const pooled = sheet.reshape(sheet.node('GlobalAveragePool', [x]), [0, -1]);
  sheet.output(sheet.linear(pooled, '_fc', 32, 10), 'logits', ['n', 10]);
  return sheet.model();
}

const CLASSES = 3;

/** A backbone of split and joined branches, pooling at several sizes, and a head over two grids, as YOLO has them. */
function detector(): ModelSpec {
  const sheet = new Sheet();
  const after = 'SiLU';
  const image = sheet.input('images', ['n', 3, 'height', 'width']);
  let x = conv(sheet, 'stem', image, [3, 8], { stride: 4, after });
  x = conv(sheet, 'down1', x, [8, 16], { stride: 4, after });
  const [kept, worked] = sheet.many(2, 'Split', [x], { axis: 1 });
  const inner = conv(sheet, 'c2f.cv1', worked!, [8, 8], { after });
  const branch = sheet.node('Add', [worked!, conv(sheet, 'c2f.cv2', inner, [8, 8], { after })]);
  const fine = conv(sheet, 'c2f.out', sheet.node('Concat', [kept!, branch], { axis: 1 }), [16, 24], {
    ...{ kernel: 1, after },
  });
  let coarse = conv(sheet, 'down2', fine, [24, 32], { stride: 2, after });
  const pooled = sheet.node('MaxPool', [coarse], {
    ...{ kernel_shape: [5, 5], pads: [2, 2, 2, 2], strides: [1, 1] },
  });
  coarse = conv(sheet, 'sppf', sheet.node('Concat', [coarse, pooled], { axis: 1 }), [64, 32], {
    ...{ kernel: 1, after },
  });
  const head = (name: string, value: string, channels: number): string => {
    const boxes = conv(
      sheet,
      `${name}.boxes`,
      conv(sheet, `${name}.cv2`, value, [channels, 16], { after }),
      [16, 4],
      {
        ...{ kernel: 1, after: '' },
      },
    );
    const scores = conv(
      sheet,
      `${name}.scores`,
      conv(sheet, `${name}.cv3`, value, [channels, 16], { after }),
      [16, CLASSES],
      {
        ...{ kernel: 1, after: '' },
      },
    );
    const both = sheet.node('Concat', [boxes, sheet.node('Sigmoid', [scores])], { axis: 1 });
    return sheet.reshape(both, [0, 4 + CLASSES, -1]);
  };
  const all = sheet.node('Concat', [head('fine', fine, 24), head('coarse', coarse, 32)], { axis: 2 });
  sheet.output(all, 'output0', ['n', 4 + CLASSES, 'boxes']);
  return sheet.model();
}

export const [WIDTH, HEADS, DIMS, HIDDEN] = [32, 4, 8, 64];

const normed = (sheet: Sheet, name: string, x: string): string =>
  sheet.node('LayerNormalization', [
    x,
    sheet.weight(`${name}.weight`, [WIDTH], 1),
    sheet.weight(`${name}.bias`, [WIDTH], 0),
  ]);

/** One block of an encoder: attention, then two linear layers, each on what was normalised and added to what was there. */
function block(sheet: Sheet, name: string, x: string, mask?: string): string {
  const from = normed(sheet, `${name}.norm1`, x);
  const part = (one: string): string =>
    sheet.transpose(
      sheet.reshape(sheet.linear(from, `_${name}.${one}`, WIDTH, HEADS * DIMS), [0, -1, HEADS, DIMS]),
      ...[0, 2, 1, 3],
    );
  const [q, k, v] = ['query', 'key', 'value'].map(part) as [string, string, string];
  const products = sheet.node('MatMul', [q, sheet.transpose(k, 0, 1, 3, 2)]);
  const scores = sheet.node('Mul', [products, sheet.weight(`${name}.scale`, [], 1 / Math.sqrt(DIMS))]);
  const shares = sheet.node('Softmax', [mask === undefined ? scores : sheet.node('Add', [scores, mask])], {
    axis: -1,
  });
  const mixed = sheet.reshape(sheet.transpose(sheet.node('MatMul', [shares, v]), 0, 2, 1, 3), [
    0,
    -1,
    HEADS * DIMS,
  ]);
  const attended = sheet.node('Add', [x, sheet.linear(mixed, `_${name}.output`, HEADS * DIMS, WIDTH)]);
  const wide = sheet.linear(normed(sheet, `${name}.norm2`, attended), `_${name}.fc1`, WIDTH, HIDDEN);
  return sheet.node('Add', [
    attended,
    sheet.linear(sheet.node('Relu', [wide]), `_${name}.fc2`, HIDDEN, WIDTH),
  ]);
}

/** Patches of images as tokens, two blocks, the mean of the tokens to ten classes. */
function visionTransformer(): ModelSpec {
  const sheet = new Sheet();
  const image = sheet.input('pixel_values', ['n', 3, 64, 64]);
  const weight = sheet.weight('patch.weight', [WIDTH, 3, 16, 16]);
  const patches = sheet.node('Conv', [image, weight], { kernel_shape: [16, 16], strides: [16, 16] });
  let x = sheet.transpose(sheet.reshape(patches, [0, WIDTH, -1]), 0, 2, 1);
  x = sheet.node('Add', [x, sheet.weight('positions', [1, 16, WIDTH])]);
  for (const name of ['block0', 'block1']) x = block(sheet, name, x);
  const mean = sheet.node('ReduceMean', [normed(sheet, 'norm', x)], { axes: [1], keepdims: 0 });
  sheet.output(sheet.linear(mean, '_head', WIDTH, 10), 'logits', ['n', 10]);
  return sheet.model();
}

/** As many as the tokenizer that lies beside it knows. */
export const WORDS = 151;

/** Embeddings of words and places, two blocks that look past a mask, the mean over what is no padding. */
function sentenceEncoder(): ModelSpec {
  const sheet = new Sheet();
  const ids = sheet.input('input_ids', ['n', 'length'], 'int64');
  const mask = sheet.node('Cast', [sheet.input('attention_mask', ['n', 'length'], 'int64')], { to: 1 });
  const unseen = sheet.node('Mul', [
    sheet.node('Sub', [mask, sheet.weight('one', [], 1)]),
    sheet.weight('far', [], 10_000),
  ]);
  const bias = sheet.node('Unsqueeze', [unseen, sheet.ints([1, 2])]);
  let x = sheet.node('Gather', [sheet.weight('embeddings.word', [WORDS, WIDTH]), ids]);
  for (const name of ['layer0', 'layer1']) x = block(sheet, name, x, bias);
  const each = sheet.node('Unsqueeze', [mask, sheet.ints([2])]);
  const sum = sheet.node('ReduceSum', [sheet.node('Mul', [x, each]), sheet.ints([1])], { keepdims: 0 });
  const mean = sheet.node('Div', [sum, sheet.node('ReduceSum', [each, sheet.ints([1])], { keepdims: 0 })]);
  const length = sheet.node('ReduceL2', [mean], { axes: [1], keepdims: 1 });
  sheet.output(sheet.node('Div', [mean, length]), 'sentence_embedding', ['n', WIDTH]);
  return sheet.model();
}

/** Waveforms through filters to a recurrent layer, and a probability for each frame, as detectors of speech have them. */
function speechDetector(): ModelSpec {
  const sheet = new Sheet();
  const wave = sheet.node('Unsqueeze', [sheet.input('input', ['n', 'samples']), sheet.ints([1])]);
  const along = (
    name: string,
    x: string,
    from: number,
    to: number,
    kernel: number,
    stride: number,
  ): string => {
    const weights = [
      sheet.weight(`${name}.weight`, [to, from, kernel]),
      sheet.weight(`${name}.bias`, [to], 0.01),
    ];
    return sheet.node('Relu', [
      sheet.node('Conv', [x, ...weights], { kernel_shape: [kernel], strides: [stride] }),
    ]);
  };
  const frames = along('encoder', along('filters', wave, 1, 32, 256, 128), 32, 48, 3, 2);
  const [steps] = sheet.many(
    1,
    'LSTM',
    [
      sheet.transpose(frames, 2, 0, 1),
      sheet.weight('lstm.W', [1, 128, 48]),
      sheet.weight('lstm.R', [1, 128, 32]),
      sheet.weight('lstm.B', [1, 256], 0.01),
    ],
    { hidden_size: 32 },
  );
  const batched = sheet.transpose(sheet.node('Squeeze', [steps!, sheet.ints([1])]), 1, 0, 2);
  sheet.output(sheet.node('Sigmoid', [sheet.linear(batched, '_head', 32, 1)]), 'speech', ['n', 'frames', 1]);
  return sheet.model();
}

/** Features of sound to a GRU whose state comes in and goes out, and a probability for each frame. */
function speech(): ModelSpec {
  const sheet = new Sheet();
  const features = sheet.input('x', ['n', 40, 20]);
  const state = sheet.input('h', [1, 'n', 32]);
  const weights = [sheet.weight('encoder.weight', [48, 40, 3]), sheet.weight('encoder.bias', [48], 0.01)];
  const coded = sheet.node('Relu', [
    sheet.node('Conv', [features, ...weights], { kernel_shape: [3], pads: [1, 1] }),
  ]);
  const [steps, last] = sheet.many(
    2,
    'GRU',
    [
      sheet.transpose(coded, 2, 0, 1),
      sheet.weight('gru.W', [1, 96, 48]),
      sheet.weight('gru.R', [1, 96, 32]),
      sheet.weight('gru.B', [1, 192], 0.01),
      '',
      state,
    ],
    { hidden_size: 32 },
  );
  const frames = sheet.transpose(sheet.node('Squeeze', [steps!, sheet.ints([1])]), 1, 0, 2);
  sheet.output(sheet.node('Sigmoid', [sheet.linear(frames, '_head', 32, 1)]), 'speech', ['n', 20, 1]);
  sheet.output(last!, 'hn', [1, 'n', 32]);
  return sheet.model();
}

/** Convolutions between QuantizeLinear and DequantizeLinear, as static quantisation writes them. */
function quantised(): ModelSpec {
  const net = new QuantisedModel(1);
  let x = 'input';
  let width = 3;
  for (const to of [16, 32, 32]) {
    const weight = net.dequantised([to, width, 3, 3], { dtype: 'int8', axis: 0 });
    x = net.node('Relu', [
      net.node('Conv', [net.rounded(x, 128, 0.02), weight], { pads: [1, 1, 1, 1], strides: [2, 2] }),
    ]);
    width = to;
  }
  const pooled = net.node('Reshape', [net.node('GlobalAveragePool', [x]), net.ints([0, -1])]);
  const last = net.dequantised([width, 10], { dtype: 'int8', axis: 1 });
  const logits = net.node('MatMul', [net.rounded(pooled, 128, 0.02), last]);
  return net.model([{ name: 'input', shape: ['n', 3, 32, 32] }], logits, ['n', 10]);
}

export const [QUERY_HEADS, CACHE_HEADS] = [4, 2];

/** One block of a decoder whose heads share keys and values, with a cache that comes in and goes out. */
function decoder(): ModelSpec {
  const sheet = new Sheet();
  const ids = sheet.input('input_ids', ['n', 'length'], 'int64');
  const past = ['key', 'value'].map((name) =>
    sheet.input(`past_key_values.0.${name}`, ['n', CACHE_HEADS, 'past', DIMS]),
  );
  const embedded = sheet.node('Gather', [sheet.weight('embeddings', [WORDS, WIDTH]), ids]);
  const from = normed(sheet, 'layer0.norm1', embedded);
  const part = (name: string, heads: number): string =>
    sheet.transpose(
      sheet.reshape(sheet.node('MatMul', [from, sheet.weight(`layer0.${name}`, [WIDTH, heads * DIMS])]), [
        0,
        -1,
        heads,
        DIMS,
      ]),
      ...[0, 2, 1, 3],
    );
  const query = part('q_proj', QUERY_HEADS);
  const present = (['k_proj', 'v_proj'] as const).map((name, at) =>
    sheet.node('Concat', [past[at]!, part(name, CACHE_HEADS)], { axis: 2 }),
  );
  const [keys, values] = present.map((value) => {
    const each = sheet.node('Unsqueeze', [value, sheet.ints([2])]);
    const shared = sheet.node('Tile', [each, sheet.ints([1, 1, QUERY_HEADS / CACHE_HEADS, 1, 1])]);
    return sheet.reshape(shared, [0, QUERY_HEADS, -1, DIMS]);
  }) as [string, string];
  const scores = sheet.node('MatMul', [query, sheet.transpose(keys, 0, 1, 3, 2)]);
  const mixed = sheet.node('MatMul', [sheet.node('Softmax', [scores], { axis: -1 }), values]);
  const merged = sheet.reshape(sheet.transpose(mixed, 0, 2, 1, 3), [0, -1, QUERY_HEADS * DIMS]);
  const attended = sheet.node('Add', [
    embedded,
    sheet.node('MatMul', [merged, sheet.weight('layer0.o_proj', [QUERY_HEADS * DIMS, WIDTH])]),
  ]);
  const normal = normed(sheet, 'layer0.norm2', attended);
  const gate = sheet.node('MatMul', [normal, sheet.weight('layer0.gate_proj', [WIDTH, HIDDEN])]);
  const up = sheet.node('MatMul', [normal, sheet.weight('layer0.up_proj', [WIDTH, HIDDEN])]);
  const gated = sheet.node('Mul', [sheet.node('Mul', [gate, sheet.node('Sigmoid', [gate])]), up]);
  const out = sheet.node('Add', [
    attended,
    sheet.node('MatMul', [gated, sheet.weight('layer0.down_proj', [HIDDEN, WIDTH])]),
  ]);
  const last = normed(sheet, 'norm', out);
  sheet.output(sheet.node('MatMul', [last, sheet.weight('lm_head', [WIDTH, WORDS])]), 'logits', [
    'n',
    'length',
    WORDS,
  ]);
  for (const [at, name] of ['key', 'value'].entries())
    sheet.output(present[at]!, `present.0.${name}`, ['n', CACHE_HEADS, 'total', DIMS]);
  return sheet.model();
}
