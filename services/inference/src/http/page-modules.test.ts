/** What the page computes without a browser. Its modules are JavaScript for browsers, so they are taken by address. */
const sse: {
  framesIn(text: string): { frames: readonly { id?: string; type: string; data: string }[]; rest: string };
} = await import(new URL('../../page/sse.js', import.meta.url).pathname);
const words: {
  facesInWords(faces: readonly { person: { name: string } | null }[]): string;
  progressInWords(model: object): { text: string; percent: number | null };
  rejectionInWords(code: string, detail?: string): string;
} = await import(new URL('../../page/words.js', import.meta.url).pathname);

describe('the page’s reader of server-sent events', () => {
  const stream =
    'retry: 2000\n: hello\n\nid: a%20b\nevent: dev.facehash.training.started\ndata: {"x":1}\n\n: still here\n\ndata: one\ndata: two\n\n';

  it('gives the same frames wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const first = sse.framesIn(stream.slice(0, cut));
      const second = sse.framesIn(first.rest + stream.slice(cut));
      expect([...first.frames, ...second.frames]).toEqual([
        { id: 'a%20b', type: 'dev.facehash.training.started', data: '{"x":1}' },
        { id: undefined, type: 'message', data: 'one\ntwo' },
      ]);
      expect(second.rest).toBe('');
    }
  });

  it('takes the line ends of Windows', () => {
    expect(sse.framesIn('data: x\r\n\r\n').frames).toEqual([{ id: undefined, type: 'message', data: 'x' }]);
  });
});

describe('the page says', () => {
  it.each([
    [[], 'No face in this picture.'],
    [[{ person: { name: 'Ann' } }], '1 face: Ann.'],
    [[{ person: null }, { person: { name: 'Ann' } }], '2 faces: unknown, Ann.'],
  ])('whom %j shows', (faces, text) => {
    expect(words.facesInWords(faces)).toBe(text);
  });

  it.each([
    [{ target: null, training: { run: null, stage: null, percent: null } }, 'Waiting for the training to begin', null],
    [{ target: null, training: { run: 'r', stage: 'Fitting', percent: 40 } }, 'Learning who is who', 40],
    [{ target: {}, training: { run: null, stage: null, percent: null } }, 'Bringing the new version into use', null],
  ])('how far %j is', (model, text, percent) => {
    expect(words.progressInWords(model)).toEqual({ text, percent });
  });

  it('why a photo was not taken, with the measured value where there is one, and of an unknown code what the server says', () => {
    expect(words.rejectionInWords('FACE_NOT_FOUND', 'x')).toBe('no face was found');
    expect(words.rejectionInWords('QUALITY_TOO_LOW', 'the face is too dark: brightness is 12.0, the bound is 30')).toContain('too dark');
    expect(words.rejectionInWords('NEW_CODE', 'what the server says')).toBe('what the server says');
  });
});
