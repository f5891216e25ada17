import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { S3Options } from '../index.js';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const given = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>facehash</SourceIdentity>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/training/run</Arn><AssumedRoleId>AROAEXAMPLE:run</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEXAMPLE==</SessionToken>
      <Expiration>2026-11-30T10:00:00Z</Expiration>
    </Credentials>
    <PackedPolicySize>8</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>`;

const noRole = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>ValidationError</Code>
    <Message>1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null</Message>
  </Error>
  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
</ErrorResponse>`;

const noSts = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message><Method>POST</Method></Error>`;

/** Answers as the documentation of AWS STS has it, and as S3 answers who takes it for one. It checks no signature: MinIO does in other tests. */
export class PlayedSts implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #server = createServer((incoming, outgoing) => void this.#answer(incoming, outgoing));

  private constructor(private readonly plays: 'STS' | 'a store') {}

  static async start(plays: 'STS' | 'a store' = 'STS'): Promise<PlayedSts> {
    const sts = new PlayedSts(plays);
    sts.#server.listen(0, '127.0.0.1');
    await once(sts.#server, 'listening');
    return sts;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await text(incoming);
    this.asked.push({ headers: incoming.headers, body });
    const [status, xml] = this.#said(new URLSearchParams(body));
    outgoing.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
  }

  #said(body: URLSearchParams): readonly [number, string] {
    if (this.plays === 'a store') return [405, noSts];
    return body.has('RoleArn') && body.has('RoleSessionName') ? [200, given] : [400, noRole];
  }
}

/** A store at an address where nobody listens. */
export function sound(more: Partial<S3Options>): S3Options {
  const credentials = { kind: 'static', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret' } as const;
  return { endpoint: 'http://127.0.0.1:9', bucket: 'facehash', credentials, timeoutMs: 5_000, ...more };
}
