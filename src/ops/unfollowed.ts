import type { Output } from '../coupling/abstractTensor.js';
import { plain } from '../coupling/axis.js';
import type { Call } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { add, asLength, floorDivide } from '../model/dim.js';
import { freezes, likeInput, openAxis } from './frozen.js';
import type { Entry } from './table.js';

/** One axis of open length for each place. */
const open =
  (rank: number, dtype?: string) =>
  (call: Call): readonly Output[] =>
    call.node.outputs.map((_, i) => ({
      axes: Array.from({ length: rank }, (_, d) => openAxis(call, 10 * i + d)),
      dtype,
    }));

const number =
  (dtype: string) =>
  (call: Call): readonly Output[] =>
    call.node.outputs.map(() => ({ axes: [], dtype }));

const SEQUENCE = 'a sequence holds tensors of different lengths, and data chooses among them';
const OPTIONAL = 'data decides whether there is a value at all';
const TEXT = 'it works on text, which no weight touches';
const LOSS = 'a loss compares every class with labels; it is no part of a model that runs';
const ATTRIBUTES = 'its weights are attributes, one number for each feature, class or node of a tree';
const DICTIONARY = 'it works on dictionaries and labels, which no weight touches';
const GENERATED = 'it makes numbers out of a length alone; no weight touches them';
const BODY = 'its body runs as often as data says; what it reads stays whole';
const NEWER = 'no runtime that rules are checked in has it yet';

/** Classes of a loss leave; a loss for each element where nothing is reduced. */
const losses = (call: Call): readonly Output[] => {
  const scores = call.optional(0)?.axes;
  const reduced = call.attributes.string('reduction', 'mean') !== 'none';
  return [{ axes: reduced ? [] : scores?.filter((_, d) => d !== 1) }, { axes: scores }];
};

/** Operators that are known, and known not to be followed: every axis that they touch stays whole. The reason is a row's. */
export const unfollowed: readonly Entry[] = [
  ['', 'Scan', '8..8', freezes(BODY)],
  ['', 'SequenceMap', '17..', { ...freezes(BODY), holds: { kind: 'unknown', maybe: false } }],
  ['', 'SequenceConstruct', '11..', { ...freezes(SEQUENCE), holds: { kind: 'tensors' } }],
  ['', 'SequenceEmpty', '11..', { ...freezes(SEQUENCE), holds: { kind: 'tensors' } }],
  ['', 'SequenceInsert', '11..', { ...freezes(SEQUENCE), holds: { kind: 'more', operands: [1] } }],
  ['', 'SequenceErase', '11..', { ...freezes(SEQUENCE), holds: { kind: 'more', operands: [] } }],
  ['', 'SplitToSequence', '11..', { ...freezes(SEQUENCE), holds: { kind: 'tensors', operands: [0] } }],
  ['', 'SequenceAt ConcatFromSequence', '11..', freezes(SEQUENCE)],
  ['', 'SequenceLength', '11..', freezes(SEQUENCE, number('int64'))],
  ['', 'Optional', '15..', { ...freezes(OPTIONAL), holds: { kind: 'more', operands: [] } }],
  ['', 'OptionalGetElement', '15..', { ...freezes(OPTIONAL), holds: { kind: 'unknown', maybe: true } }],
  ['', 'OptionalHasElement', '15..', freezes(OPTIONAL, number('bool'))],

  ['', 'StringNormalizer', '10..', freezes(TEXT)],
  ['', 'StringConcat', '20..', freezes(TEXT)],
  ['', 'StringSplit', '20..', freezes(TEXT)],
  ['', 'RegexFullMatch', '20..', freezes(TEXT, likeInput)],
  ['', 'TfIdfVectorizer', '9..', freezes('its weights are attributes, one number for each phrase')],
  ['', 'ImageDecoder', '20..', freezes('it decodes a file', open(3, 'uint8'))],

  ['', 'NonZero', '9..', freezes('data decides how many places it gives', placesOfNonZero)],
  ['', 'Unique', '11..', freezes('it compares all elements, and data decides how many stay', uniqueOf)],
  ['', 'Multinomial', '7..', freezes('it draws classes by their place along the axis', samplesOf)],
  ['', 'STFT', '17..', freezes('it cuts a signal into frames and transforms each', framesOf)],
  ['', 'HannWindow HammingWindow BlackmanWindow', '17..', freezes(GENERATED, windowOfSize)],
  ['', 'MelWeightMatrix', '17..', freezes(GENERATED, bandsOfFrequencies)],
  ['', 'SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss', '12..', freezes(LOSS, losses)],

  ['', 'CausalConvWithState LinearAttention', '27..', freezes(NEWER)],
  ['ai.onnx.preview', 'FlexAttention', '1..', freezes(NEWER)],
  ['ai.onnx.preview.training', 'Adagrad Adam Gradient Momentum', '1..', freezes('it is a step of training')],

  ['ai.onnx.ml', 'Binarizer', '1..', freezes('it makes classes out of features, one by one', likeInput)],
  ['ai.onnx.ml', 'Normalizer', '1..', freezes('it divides by what all features come to', likeInput)],
  ['ai.onnx.ml', 'Imputer Scaler', '1..', freezes(ATTRIBUTES, likeInput)],
  ['ai.onnx.ml', 'LinearClassifier LinearRegressor SVMClassifier SVMRegressor', '1..', freezes(ATTRIBUTES)],
  ['ai.onnx.ml', 'TreeEnsembleClassifier TreeEnsembleRegressor', '1..', freezes(ATTRIBUTES)],
  ['ai.onnx.ml', 'TreeEnsemble', '5..', freezes(ATTRIBUTES)],
  ['ai.onnx.ml', 'OneHotEncoder', '1..', freezes('its categories are attributes')],
  ['ai.onnx.ml', 'LabelEncoder', '1..', freezes(DICTIONARY, likeInput)],
  ['ai.onnx.ml', 'CategoryMapper', '1..', freezes(DICTIONARY, likeInput)],
  ['ai.onnx.ml', 'CastMap DictVectorizer', '1..', freezes(DICTIONARY)],
  [
    'ai.onnx.ml',
    'ZipMap',
    '1..',
    { ...freezes(DICTIONARY), holds: { kind: 'tensors', operands: [0] }, namesClasses: true },
  ],
  ['ai.onnx.ml', 'ArrayFeatureExtractor', '1..', freezes('it chooses features by their place')],
  [
    'ai.onnx.ml',
    'FeatureVectorizer',
    '1..',
    freezes('it states in an attribute how many features each input has'),
  ],
];

/** x [n c h] -> places [3 open]. */
function placesOfNonZero(call: Call): readonly Output[] {
  const rank = call.optional(0)?.axes?.length;
  return [
    { axes: [rank === undefined ? openAxis(call, 1) : plain(rank), openAxis(call, 0)], dtype: 'int64' },
  ];
}

/** Values, and for each where it first lay, where each element went, how often it was there. */
function uniqueOf(call: Call): readonly Output[] {
  const x = call.optional(0);
  const count = openAxis(call, 0);
  const along = (rank: number): number => call.attributes.axis('axis', rank);
  const flat = call.attributes.int('axis') === undefined;
  const axes = flat ? [count] : x?.axes?.with(along(x.axes.length), count);
  const list = { axes: [count], dtype: 'int64' };
  return [{ axes, dtype: x?.dtype }, list, { axes: [openAxis(call, 1)], dtype: 'int64' }, list];
}

/** Scores [n classes] -> samples [n size]. */
function samplesOf(call: Call): readonly Output[] {
  const batch = call.optional(0)?.axes?.[0];
  const size = plain(call.attributes.int('sample_size', 1));
  return [{ axes: batch && [batch, size] }];
}

/** Signal [n t 1] -> [n frames frequencies 2]. */
function framesOf(call: Call): readonly Output[] {
  const batch = call.optional(0)?.axes?.[0];
  return [{ axes: batch && [batch, openAxis(call, 0), openAxis(call, 1), plain(2)] }];
}

/** The number that an operand states, where it is known: it stays, as nothing that a frozen node reads changes. */
function stated(call: Call, index: number): Dim | undefined {
  const before = call.optional(index)?.values?.elements[0]?.before;
  return before === undefined ? undefined : asLength(before);
}

/** Size () -> window [size]. */
function windowOfSize(call: Call): readonly Output[] {
  const size = stated(call, 0);
  return [[size === undefined ? openAxis(call, 0) : plain(size)]];
}

/** Bands (), length () -> [length/2 + 1, bands]. */
function bandsOfFrequencies(call: Call): readonly Output[] {
  const [bands, length] = [stated(call, 0), stated(call, 1)];
  const frequencies = length === undefined ? openAxis(call, 1) : plain(add(floorDivide(length, 2), 1));
  return [[frequencies, bands === undefined ? openAxis(call, 0) : plain(bands)]];
}
