/** An application developer's client: HTTP and a key, nothing of ours imported. */
export class Client {
  constructor(
    private readonly url: string,
    private readonly apiKey: string,
  ) {}

  async recognize(image: Uint8Array): Promise<{ readonly status: number; readonly body: RecognizeAnswer }> {
    const response = await fetch(`${this.url}/`, {
      method: 'POST',
      headers: { 'x-api-key': this.apiKey, 'content-type': 'application/octet-stream' },
      body: Buffer.from(image),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: (await response.json()) as RecognizeAnswer };
  }

  async train(
    username: string,
    images: readonly Uint8Array[],
    headers: Record<string, string> = {},
  ): Promise<{ readonly status: number; readonly body: TrainAnswer; readonly location: string | null }> {
    const response = await fetch(`${this.url}/train`, {
      method: 'POST',
      headers: { 'x-api-key': this.apiKey, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ username, images: images.map((i) => Buffer.from(i).toString('base64')) }),
      signal: AbortSignal.timeout(120_000),
    });
    return { status: response.status, body: (await response.json()) as TrainAnswer, location: response.headers.get('location') };
  }

  async call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'x-api-key': this.apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async addPhoto(personId: string, image: Uint8Array): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const response = await fetch(`${this.url}/v1/people/${personId}/photos`, {
      method: 'POST',
      headers: { 'x-api-key': this.apiKey, 'content-type': 'image/jpeg' },
      body: Buffer.from(image),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
}

export interface RecognizeAnswer {
  readonly foundFlag: 0 | 1;
  readonly foundFace: string | null;
  readonly similarity?: number;
  readonly version?: string;
  readonly code?: string;
}

export interface TrainAnswer {
  readonly trainingSuccess: 0 | 1;
  readonly detail?: string;
  readonly version?: string;
  readonly accepted?: number;
  readonly rejected?: readonly { readonly index: number; readonly code: string }[];
  readonly code?: string;
}
