/** Zero crossings of the sinc to either side, and the share of the lower rate's band that is kept. */
const CROSSINGS = 6;
const ROLLOFF = 0.99;

/** Samples near each other, each with its weight. */
interface Tap {
  /** Of the first, from the start of a block of the original. */
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * A sound at another rate: band-limited by a sinc under a Hann window, as `torchaudio.functional.resample` does it by default.
 * Both rates are whole numbers of samples in a second.
 *
 * cost: O(12 · length · max(1, from / to)) in time
 * source: https://ccrma.stanford.edu/~jos/resample/
 */
export function atRate(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const common = divisor(from, to);
  const [block, made] = [from / common, to / common];
  const taps = Array.from({ length: made }, (_, phase) => tapOf(block, made, phase));
  const out = new Float32Array(Math.ceil((made * samples.length) / block));
  for (let index = 0; index < out.length; index++) {
    const { first, weights } = taps[index % made]!;
    const start = Math.floor(index / made) * block + first;
    const end = Math.min(weights.length, samples.length - start);
    let sum = 0;
    for (let i = Math.max(0, -start); i < end; i++) sum += weights[i]! * samples[start + i]!;
    out[index] = sum;
  }
  return out;
}

function tapOf(block: number, made: number, phase: number): Tap {
  const band = Math.min(block, made) * ROLLOFF;
  const width = Math.ceil((CROSSINGS * block) / band);
  const weights: number[] = [];
  let first = 0;
  for (let place = -width; place < width + block; place++) {
    const t = (place / block - phase / made) * band;
    if (Math.abs(t) >= CROSSINGS) continue;
    if (weights.length === 0) first = place;
    const window = Math.cos((t * Math.PI) / CROSSINGS / 2) ** 2;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    weights.push((sinc * window * band) / block);
  }
  return { first, weights: Float64Array.from(weights) };
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
