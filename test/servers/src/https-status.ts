import { request } from 'node:https';

export interface HttpsQuestion {
  /** Certificates that are trusted. */
  readonly ca: string;
  readonly token?: string;
  readonly signal: AbortSignal;
}

/** The status that a GET is answered with; the body is not looked at. */
export function httpsStatus(url: string, { ca, token, signal }: HttpsQuestion): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, headers, agent: false, signal }, (response) => {
      response.resume().on('error', reject);
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}
