import { EspalierError } from '../base/errors.js';
import { NO_ROLES, type OutputRoles, rolesOf } from '../compare/outputRoles.js';
import { Outputs } from '../compare/outputs.js';
import { type ObservedModel, observedCopy } from '../execution/observed.js';
import type { ModelDocument } from '../model/document.js';
import type { Session } from '../runtime/runtime.js';

/** Two models as they are asked for their answers, and what is compared of these. */
export interface ModelPair {
  readonly original: Session;
  readonly pruned: Session;
  readonly outputs: Outputs;
}

/** A model, by its path or its bytes, and the session that it was loaded into. */
export interface LoadedModel {
  readonly model: string | Uint8Array;
  readonly session: Session;
}

/**
 * The models themselves; where outputs are no tensors, copies of them that give what these are made of too.
 *
 * @param document the original's, where it could be read
 * @param load what is loaded here is let go of by whoever called
 */
export async function modelPair(
  original: LoadedModel,
  pruned: LoadedModel,
  document: ModelDocument | undefined,
  load: (model: string | Uint8Array) => Promise<Session>,
  signal?: AbortSignal,
): Promise<ModelPair> {
  const others = new Set(
    original.session.outputs.flatMap(({ name, dtype }) => (dtype === 'other' ? [name] : [])),
  );
  const roles = document === undefined ? NO_ROLES : rolesOf(document, others);
  const values = roles.standIns.flatMap((own) => own.values);
  const as = (known: OutputRoles): ModelPair => ({
    ...{ original: original.session, pruned: pruned.session },
    outputs: new Outputs(original.session, known),
  });
  if (values.length === 0) return as(roles);
  const copies: ObservedModel[] = [];
  const sessions: Session[] = [];
  try {
    for (const { model } of [original, pruned]) {
      const copy = await observedCopy(model, values, signal && { signal });
      copies.push(copy);
      sessions.push(await load(copy.model));
    }
    const [first, second] = sessions as [Session, Session];
    return { original: first, pruned: second, outputs: new Outputs(first, roles) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EspalierError)) throw error;
    const missing = values.map((value) => `"${value}"`).join(', ');
    const why = `it is no tensor, and one of the models does not give what it is made of (${missing})`;
    const standIns = roles.standIns.map(({ output }) => ({ output, values: [], why }));
    return as({ ...roles, standIns });
  } finally {
    // A session does not read its file again once it is loaded.
    for (const copy of copies) await copy.remove();
  }
}
