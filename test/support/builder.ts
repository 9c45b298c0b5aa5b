import type { NodeSpec, TensorSpec } from './onnx.js';
import { floats, integers } from './onnx.js';
import { random } from './random.js';

/** Collects nodes and weights of a model under construction; a node is named as its output. */
export class Builder {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  readonly #next = random(1);

  weight(name: string, dims: readonly number[]): string {
    this.initializers.push(floats(name, dims, this.#next));
    return name;
  }

  ints(name: string, values: readonly number[]): string {
    this.initializers.push(integers(name, values));
    return name;
  }

  node(op: string, name: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    this.nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  }
}
