import { FileProblem } from '../problem.js';

/** The URL under which a module can be imported: here it has to be one. errors: FileProblem where it is none. */
export async function moduleUrl(name: string): Promise<string> {
  if (URL.canParse(name)) return name;
  throw new FileProblem('missing', 'a browser imports modules by their URL');
}
