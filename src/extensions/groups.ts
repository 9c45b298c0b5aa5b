import type { Group, GroupAxis } from '../coupling/groups.js';
import { invalid } from '../schema/check.js';
import type { CalibrationStatistics } from '../scoring/criterion.js';

/**
 * A group of lanes, as a criterion sees it: what leaves or stays together, such as the output channels of a convolution with all that
 * belongs to them. A convolution's 64 filters [64, 3, 7, 7], the BatchNorm behind it and the convolution that reads it, [128, 64, 3, 3],
 * are one group of 64 lanes with six slices: the first weight along axis 0, four vectors along axis 0, the second weight along axis 1.
 */
export interface GroupView {
  /** As `inspect()` names it. */
  readonly id: string;
  /** How many lanes it has. */
  readonly lanes: number;
  /** Whether a removed lane is the same as a lane of zeros. */
  readonly exact: boolean;
  /** The axes of stored tensors that its lanes lie on. */
  readonly slices: readonly SliceView[];
}

/** One axis of a stored tensor, and which of its indices belong to which lane. */
export interface SliceView {
  readonly tensor: string;
  readonly dims: readonly number[];
  /** NumPy's name of its type, such as 'float32'. */
  readonly dtype: string;
  readonly axis: number;
  /** [dims[axis]]: the lane of each index, from 0; -1 where an index is of no lane of this group. */
  readonly lanes: Int32Array;
  /** Whether the indices make the lanes (filters, rows, biases, norms), or read them (the input axis of the next layer). */
  readonly role: 'makes' | 'reads';
  /** Scales and zero points, which say how other numbers are to be read. */
  readonly isParameter: boolean;
}

/** Groups as criteria see them, and the way back. */
export class Views {
  readonly views: readonly GroupView[];
  readonly #groups = new WeakMap<GroupView, Group>();
  readonly #tensors = new WeakMap<SliceView, number>();

  constructor(
    groups: readonly Group[],
    readonly calibration: CalibrationStatistics,
  ) {
    this.views = Object.freeze(groups.map((group) => this.#viewOf(group)));
  }

  /** errors: OPTION_INVALID for what is no group of the task. */
  groupsOf(views: readonly GroupView[]): readonly Group[] {
    if (!Array.isArray(views)) throw invalid('the first argument must be an array of groups of the task');
    return views.map((view) => {
      const group = this.#groups.get(view);
      if (group === undefined)
        throw invalid('groups must be those that the task has, and not copies of them');
      return group;
    });
  }

  /** errors: OPTION_INVALID for what is no slice of a group of the task. */
  tensorOf(slice: SliceView): number {
    const tensor = this.#tensors.get(slice);
    if (tensor === undefined)
      throw invalid('a slice must be one of a group of the task, and not a copy of it');
    return tensor;
  }

  #viewOf(group: Group): GroupView {
    const { id, lanes, exact, axes } = group;
    const slices = Object.freeze(axes.map((axis) => this.#sliceOf(axis)));
    const view = Object.freeze({ id, lanes: lanes.length, exact, slices });
    this.#groups.set(view, group);
    return view;
  }

  #sliceOf({ parameterAxis, lanes }: GroupAxis): SliceView {
    const { name, dims, dtype } = this.calibration.stored(parameterAxis.tensor);
    const slice = Object.freeze({
      tensor: name,
      dims: Object.freeze([...dims]),
      dtype,
      axis: parameterAxis.axis,
      // A typed array cannot be frozen: each caller has its own.
      get lanes() {
        return lanes.slice();
      },
      role: parameterAxis.contracted ? ('reads' as const) : ('makes' as const),
      isParameter: parameterAxis.parameter,
    });
    this.#tensors.set(slice, parameterAxis.tensor);
    return slice;
  }
}
