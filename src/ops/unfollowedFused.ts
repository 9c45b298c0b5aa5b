import type { Output } from '../coupling/abstractTensor.js';
import { plain } from '../coupling/axis.js';
import type { Call } from '../coupling/rule.js';
import { freezes, likeInput, openAxis } from './frozen.js';
import type { Entry } from './table.js';

const DOMAIN = 'com.microsoft';

/** Attention gives back what it was asked for, in hidden units of its own: [n s h]. What it caches is not known. */
const attended = (call: Call): readonly Output[] => {
  const queries = call.optional(0)?.axes;
  const hidden = [...(queries?.slice(0, -1) ?? []), openAxis(call, 0)];
  return call.node.outputs.map((_, i) => ({ axes: i === 0 && queries !== undefined ? hidden : undefined }));
};

/** [1 heads s t] */
const biasOfScores = (call: Call): readonly Output[] => {
  const heads = call.attributes.int('num_heads') ?? call.optional(0)?.axes?.[1]?.length;
  return [
    [
      openAxis(call, 0),
      heads === undefined ? openAxis(call, 1) : plain(heads),
      openAxis(call, 2),
      openAxis(call, 3),
    ],
  ];
};

/** Operators of onnxruntime's own that are known, and known not to be followed. */
export const unfollowedFused: readonly Entry[] = [
  [
    DOMAIN,
    'DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention DecoderAttention PackedAttention PackedMultiHeadAttention PagedAttention SparseAttention LongformerAttention',
    '1..',
    freezes('it reads a cache, or packed or sparse sequences, in a layout of its own', attended),
  ],
  [
    DOMAIN,
    'RelativePositionBias',
    '1..',
    freezes('its table lies in memory the other way round than its shape says', biasOfScores),
  ],
  [
    DOMAIN,
    'GatedRelativePositionBias',
    '1..',
    freezes('it sums over halves of a projection of each head', biasOfScores),
  ],
  [
    DOMAIN,
    'MoE QMoE',
    '1..',
    freezes('the order of the axes of its weights differs between releases of onnxruntime', likeInput),
  ],
  [DOMAIN, 'GemmFloat8', '1..', freezes('its scales belong to whole tensors of 8-bit floats')],
  [DOMAIN, 'NhwcConv', '1..', freezes('the order of the axes of its weight depends on what runs it')],
  [DOMAIN, 'ConvTransposeWithDynamicPads', '1..', freezes('data decides how it is padded')],
  [DOMAIN, 'MaxpoolWithMask', '1..', freezes('a mask of its own chooses what it looks at')],
  [DOMAIN, 'Rfft Irfft', '1..', freezes('every frequency is a sum over the whole signal')],
  [DOMAIN, 'ComplexMul ComplexMulConj', '1..', freezes('its last axis is real beside imaginary')],
  [
    DOMAIN,
    'BeamSearch GreedySearch Sampling WhisperBeamSearch',
    '1..',
    freezes('it runs whole models, again and again'),
  ],
  [DOMAIN, 'Unique', '1..', freezes('data decides what it gives')],
];
