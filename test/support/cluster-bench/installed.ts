import { row, type Row } from '../benchmark.js';
import { Installation } from '../installation.js';

export interface Installed extends AsyncDisposable {
  readonly installation: Installation;
  readonly rows: readonly Row[];
}

/** A cluster with the images on its node, and the chart in it. */
export async function installed(): Promise<Installed> {
  const values = { inference: { autoscaling: { enabled: false }, replicas: 1 } };
  const installation = await Installation.start({ values });
  const rows = [row('helm install until everything is ready', installation.installMs / 1000, 's')];
  return { installation, rows, [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose]() };
}
