import type * as ort from 'onnxruntime-node';
import type { Plan } from '../../src/index.js';
import { openModel } from '../../src/index.js';
import { halfToNumber } from '../../src/runtime/dtypes.js';
import type { NumericData } from '../../src/runtime/runtime.js';
import { randomPlan } from '../support/exact.js';
import { random } from '../support/random.js';
import type { Answers } from './run.js';
import { run } from './run.js';
import type { Recorded } from './tensors.js';
import { encodeTensor, fields, message } from './tensors.js';

/** How far two answers may lie apart for rounding, relative to the largest entry. */
const ROUNDING: Readonly<Record<string, number>> = { float32: 1e-4, float64: 1e-6, float16: 1e-2 };

/**
 * A model whose inputs are stored in it and whose outputs are weighed and summed, so that there is something to prune:
 * what it answers with a random part of its exact lanes removed must be what the whole one answers with zeros there.
 * Says what is not so; undefined where there is nothing to prune.
 */
export async function pruneStored(
  model: Uint8Array,
  { inputs, outputs }: { readonly inputs: Tensors; readonly outputs: Tensors },
  seed: number,
): Promise<{ readonly fault: string | undefined } | undefined> {
  const next = random(seed);
  const weighed = [...outputs].filter(([, { dtype, dims }]) => dtype === 'float32' && dims.length > 0);
  const weights = weighed.map(([name, { dtype, dims }]): [string, Recorded] => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next);
    return [`${name} weight`, { dtype, dims, data }];
  });
  const names = weighed.map(([name]) => name);
  const stored = new Map([...inputs, ...weights]);
  const whole = withStored(model, stored, names);
  const planned = await randomPlan(whole, seed);
  if (planned === undefined) return undefined;
  using opened = await openModel(whole);
  const pruned = await opened.apply(planned);
  const masked = zeroed(stored, pruned.plan);
  if (masked === undefined) return undefined;
  const wanted = await run(withStored(model, masked, names), new Map());
  if (typeof wanted === 'string') return undefined;
  return { fault: faultOf(await run(await pruned.toBytes(), new Map()), wanted) };
}

type Tensors = ReadonlyMap<string, Recorded>;

/** The model with stored tensors, of the names of its inputs, and with sums of what it gave in place of some outputs. */
function withStored(model: Uint8Array, stored: Tensors, weighed: readonly string[]): Uint8Array {
  const added = [
    ...weighed.flatMap((name) => [
      message(NODE, node('Mul', [name, `${name} weight`], `${name} weighed`)),
      message(NODE, node('ReduceSum', [`${name} weighed`], `${name} sum`)),
      message(OUTPUT, Buffer.concat([text(1, `${name} sum`), FLOAT])),
    ]),
    ...[...stored].map(([name, tensor]) => message(INITIALIZER, encodeTensor(name, tensor))),
  ];
  const isWeighed = (output: Uint8Array): boolean =>
    [...fields(output)].some(
      ({ field, value }) => field === 1 && weighed.includes(new TextDecoder().decode(value as Uint8Array)),
    );
  const graph = (value: Uint8Array): Uint8Array =>
    Buffer.concat([
      ...[...fields(value)].flatMap((own) =>
        own.field === OUTPUT && isWeighed(own.value as Uint8Array) ? [] : [own.bytes],
      ),
      ...added,
    ]);
  const parts = [...fields(model)].map(({ field, value, bytes }) =>
    field === GRAPH ? message(GRAPH, graph(value as Uint8Array)) : bytes,
  );
  return new Uint8Array(Buffer.concat(parts));
}

/** Fields of ModelProto and GraphProto. */
const GRAPH = 7;
const NODE = 1;
const INITIALIZER = 5;
const OUTPUT = 12;

const text = (field: number, content: string): Uint8Array =>
  message(field, new TextEncoder().encode(content));
const node = (op: string, inputs: readonly string[], output: string): Uint8Array =>
  Buffer.concat([...inputs.map((input) => text(1, input)), text(2, output), text(4, op)]);
/** ValueInfoProto.type of a float32 tensor of any shape. */
const FLOAT = message(2, message(1, Uint8Array.of(8, 1)));

/** The inputs with zeros at what the plan removes; undefined where it cuts what has another zero, or one use only. */
function zeroed(inputs: Tensors, plan: Plan): Map<string, Recorded> | undefined {
  if ((plan.copies ?? []).length > 0) return undefined;
  const feeds = new Map(inputs);
  for (const [name, axes] of Object.entries(plan.tensors)) {
    const tensor = inputs.get(name);
    if (tensor === undefined || ROUNDING[tensor.dtype] === undefined) return undefined;
    const data = (tensor.data as NumericData).slice() as Float32Array;
    for (const [axis, kept] of Object.entries(axes)) {
      const inner = tensor.dims.slice(Number(axis) + 1).reduce((a, b) => a * b, 1);
      for (let at = 0; at < data.length; at += inner)
        if (!kept.includes(Math.floor(at / inner) % tensor.dims[Number(axis)]!)) data.fill(0, at, at + inner);
    }
    feeds.set(name, { ...tensor, data });
  }
  return feeds;
}

function faultOf(found: Answers | string, wanted: Answers): string | undefined {
  if (typeof found === 'string') return found;
  for (const [name, tensor] of Object.entries(wanted)) {
    const other = found[name];
    if (other === undefined || `${other.type} ${other.dims}` !== `${tensor.type} ${tensor.dims}`)
      return `${name} is ${other?.type} [${other?.dims}], not ${tensor.type} [${tensor.dims}]`;
    const [x, y] = [numbersOf(other), numbersOf(tensor)];
    const scale = Math.max(1, ...y.filter(Number.isFinite).map(Math.abs));
    const far = x.findIndex(
      (value, i) =>
        !Object.is(value, y[i]) &&
        value !== y[i] &&
        !(Math.abs(value - y[i]!) <= scale * (ROUNDING[tensor.type] ?? 0)),
    );
    if (far >= 0) return `${name}[${far}] is ${x[far]}, not ${y[far]}`;
  }
  return undefined;
}

const numbersOf = ({ type, data }: ort.Tensor): number[] =>
  type === 'float16' && data instanceof Uint16Array
    ? Array.from(data, halfToNumber)
    : Array.from(data as ArrayLike<number | bigint>, Number);
