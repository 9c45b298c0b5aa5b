import * as v from 'valibot';
import type { Registration } from '../base/catalogue.js';
import { Frozen } from '../coupling/frozen.js';
import type { Rule } from '../coupling/rule.js';
import { isOwnDomain, operatorCatalogue, overlapping } from '../ops/registry.js';
import { invalid } from '../schema/check.js';
import { action, type Field, flag, whole, words } from '../schema/fields.js';
import { definitionOf, faultOf } from './registration.js';
import type { LaneAxis, OperatorCall } from './rule.js';
import { RuleCall } from './ruleCall.js';

/** The rule of an operator of a custom domain: how lanes pass through it. Without one every axis that it touches stays whole. */
export interface OperatorDefinition {
  /** The operator's domain, such as 'com.example'. Not one whose rules are the package's own: ONNX's and onnxruntime's. */
  readonly domain: string;
  /** Its name (`op_type`), such as 'GatedUnit'. */
  readonly op: string;
  /** The first and the last version of the domain's operator set that the rule is of; by default all, without a last all from the first on. */
  readonly opsets?: readonly [first: number, last?: number];
  /** One line for the list of operators: what happens to lanes. */
  readonly summary: string;
  /** Whether lanes that pass stay exact, or when they do not; by default 'yes'. */
  readonly exact?: string;
  /** Whether each element of an output is an element of the first operand, moved: a weight seen through it is that weight. */
  readonly moves?: boolean;
  /** Whether each element of an output is an element of one operand, scaled and shifted by what the others hold. */
  readonly linear?: boolean;
  /**
   * The axes of each output of a node, given those of its operands: shape inference over lanes. It is called at every node of the operator
   * whenever a model is analysed, states with the primitives of `call.lanes` which lanes are one, and returns at once. An operand that it
   * does not take (`call.input`) stays whole. What it throws ends the analysis in EXTENSION_FAILED, with the node.
   */
  rule(call: OperatorCall): readonly (readonly LaneAxis[])[];
}

const domainField: Field<string> = v.pipe(
  v.string('the domain of an operator'),
  v.check(
    (domain) => !isOwnDomain(domain),
    'a custom domain: the rules of ONNX and onnxruntime are the package’s own',
  ),
) as Field<string>;

const opsetsField: Field<readonly [number, number?]> = v.pipe(
  v.array(whole(1), 'the first and the last version, such as [1] or [1, 3]'),
  v.check(
    ([first, last], ...rest) =>
      first !== undefined && rest.length === 0 && (last === undefined || last >= first),
    'the first and the last version, such as [1] or [1, 3]',
  ),
) as unknown as Field<readonly [number, number?]>;

const shape = {
  needed: {
    domain: domainField,
    op: words('the name of an operator'),
    summary: words('one line of words'),
    rule: action('OperatorDefinition["rule"]'),
  },
  optional: { opsets: opsetsField, exact: words('words'), moves: flag(), linear: flag() },
};

/**
 * Registers the rule of an operator: models that this copy of the package opens in this thread from then on are analysed with it. One
 * that was opened before stays as it was, in all of its calls. Errors: OPTION_INVALID for what is no rule, for a domain of the
 * package's own, or where there is one of the operator at one of the versions.
 */
export function registerOperator(definition: OperatorDefinition): Registration {
  const own = definitionOf<OperatorDefinition>('operator', shape, definition);
  const { domain, op, summary, exact = 'yes', moves, linear } = own;
  const [first, last = Number.POSITIVE_INFINITY] = own.opsets ?? [1];
  const opsets = [first, last] as const;
  const taken = overlapping({ domain, op, opsets });
  if (taken !== undefined)
    throw invalid(
      `there is an operator ${domain}:${op} already, from version ${taken.opsets[0]} on`,
      'What was registered can be taken out: registration.unregister().',
    );
  const rule: Rule = {
    ...{ says: summary, exact },
    ...(moves !== undefined && { moves }),
    ...(linear !== undefined && { linear }),
    axes: (call) => {
      const what = `the rule of ${domain}:${op}`;
      const facade = new RuleCall(call, what);
      try {
        return facade.outputsOf(own.rule(facade.call));
      } catch (cause) {
        if (cause instanceof Frozen) throw cause;
        throw faultOf(what, cause, { node: call.node.name, op });
      }
    },
  };
  return operatorCatalogue.add({ domain, op, opsets, rule });
}
