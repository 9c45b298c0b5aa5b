import type { Walk } from '../coupling/walk.js';
import { NO_EDITS } from '../model/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Feeds, Runtime, Session, Tensor } from '../runtime/runtime.js';
import { SubgraphPartition } from './subgraphPartition.js';

/** A value whose axis holds the outputs of a layer, and values that are made of it by moving, scaling and shifting. */
export interface Root {
  readonly value: string;
  readonly axis: number;
  readonly outputs: number;
  readonly seen: readonly string[];
}

/** Of each element of a value: the output that it is, -1 where it is none, and what it is scaled by and shifted. */
export interface ProbedValue {
  readonly dims: readonly number[];
  readonly output: Int32Array;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** Outputs are numbered in digits of this base, small enough that rounding cannot mistake one for another. */
const BASE = 64;
/** The largest distance of a decoded digit from a whole number. */
const NEAR = 0.05;
/** The largest error of an answer, relative to its size, that counts as rounding. */
const TOLERANCE = 1e-4;

type Probe = (output: number) => number;

const digit =
  (place: number): Probe =>
  (output) =>
    Math.floor(output / BASE ** place) % BASE;
/** Numbers of both signs that follow no line: what is not linear in between does not come out. */
const uneven: Probe = (output) => ((output * 7919 + 31) % 127) - 63.5;

/**
 * Finds where outputs lie in what is made of them, by giving numbers in their place: zeros tell what is added, one number for all the
 * factor, digits the output, and others whether that is all there is to it. Nothing else of the model is computed.
 *
 * `feeds`: of any samples. returns: by the names in `seen`; what is not made as it is said to be is left out
 */
export async function probe(
  native: NativeModel,
  { graph }: Walk,
  roots: readonly Root[],
  runtime: Runtime,
  feeds: Feeds,
  options: NativeOptions,
): Promise<Map<string, ProbedValue>> {
  const parts = new SubgraphPartition(graph.document);
  const load = async (part: ReturnType<SubgraphPartition['part']>): Promise<Session> =>
    runtime.load(await native.saveToBytes({ ...NO_EDITS, part }, options), options);
  const typeOf = (name: string): string | undefined => feeds[name]?.type;
  const values = [...new Set(roots.map(({ value }) => value))];
  const whole = parts.part(parts.between(values, new Set()), values, typeOf);
  const before = await load(whole);
  const fed = Object.fromEntries(whole.inputs.map(({ name }) => [name, feeds[name]!]));
  let found: Readonly<Record<string, Tensor>>;
  try {
    found = (await before.run(fed, { outputs: values })).outputs;
  } finally {
    await before.dispose();
  }
  const usable = roots.filter(({ value, axis, outputs }) => {
    const { type, dims } = found[value]!;
    return type === 'float32' && dims[axis] === outputs;
  });
  const made = new Set(usable.flatMap(({ value }) => parts.makerOf(value) ?? []));
  const wanted = [...new Set(usable.flatMap(({ value, seen }) => seen.filter((name) => name !== value)))];
  const nodes = parts.between(wanted, made);
  const part = parts.part(nodes, wanted, (name) => found[name]?.type ?? typeOf(name));
  const most = Math.max(1, ...usable.map(({ outputs }) => outputs));
  const places = Math.ceil(Math.log(most) / Math.log(BASE)) || 1;
  const probes: Probe[] = [
    () => 0,
    () => BASE,
    uneven,
    ...Array.from({ length: places }, (_, i) => digit(i)),
  ];
  const answers: Readonly<Record<string, Tensor>>[] = [];
  const session = wanted.length === 0 ? undefined : await load(part);
  try {
    for (const own of probes) {
      const given = Object.fromEntries(
        usable.map((root) => [root.value, filled(found[root.value]!, root, own)]),
      );
      const outer = Object.fromEntries(part.inputs.map(({ name }) => [name, given[name] ?? feeds[name]!]));
      const outputs = session === undefined ? {} : (await session.run(outer, { outputs: wanted })).outputs;
      answers.push({ ...given, ...outputs });
      options.signal?.throwIfAborted();
    }
  } finally {
    await session?.dispose();
  }
  return new Map(
    usable.flatMap(({ outputs, seen }) =>
      seen.flatMap((name) => {
        const own = read(
          answers.map((answer) => answer[name]!),
          outputs,
        );
        return own === undefined ? [] : [[name, own] as const];
      }),
    ),
  );
}

function filled({ type, dims }: Tensor, { axis, outputs }: Root, own: Probe): Tensor {
  const inner = dims.slice(axis + 1).reduce((product, length) => product * length, 1);
  const data = new Float32Array(dims.reduce((product, length) => product * length, 1));
  for (let at = 0; at < data.length; at++) data[at] = own(Math.floor(at / inner) % outputs);
  return { type, dims, data };
}

function read(answers: readonly Tensor[], outputs: number): ProbedValue | undefined {
  const { dims, type } = answers[0]!;
  if (type !== 'float32') return undefined;
  const [zero, one, check, ...digits] = answers.map(({ data }) => data as Float32Array);
  const size = zero!.length;
  const seen = { dims, output: new Int32Array(size), scale: new Float32Array(size), shift: zero! };
  for (let at = 0; at < size; at++) {
    const shift = zero![at]!;
    const scale = (one![at]! - shift) / BASE;
    seen.scale[at] = scale;
    if (scale === 0) {
      if (check![at] !== shift) return undefined;
      seen.output[at] = -1;
      continue;
    }
    let output = 0;
    for (const [place, answer] of digits.entries()) {
      const exact = (answer[at]! - shift) / scale;
      const whole = Math.round(exact);
      if (!(Math.abs(exact - whole) < NEAR) || whole < 0 || whole >= BASE) return undefined;
      output += whole * BASE ** place;
    }
    const size = Math.abs(scale) * BASE + Math.abs(shift);
    const right = Math.abs(scale * uneven(output) + shift - check![at]!) <= TOLERANCE * size;
    if (output >= outputs || !right) return undefined;
    seen.output[at] = output;
  }
  return seen;
}
