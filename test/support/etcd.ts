const TIMEOUT_MS = 10_000;

/** Everything that was before now is forgotten, as etcd does every few minutes of its own accord or as Kubernetes asks. */
export async function compact(etcdUrl: string): Promise<void> {
  const { header } = (await ask(etcdUrl, 'kv/range', { key: btoa('\0'), limit: '1' })) as { header: { revision: string } };
  await ask(etcdUrl, 'kv/compaction', { revision: header.revision, physical: true });
}

async function ask(etcdUrl: string, call: string, body: object): Promise<unknown> {
  const response = await fetch(`${etcdUrl}/v3/${call}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`etcd answered ${call} with ${response.status}: ${await response.text()}`);
  return response.json();
}
