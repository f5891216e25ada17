import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { temporaryFolder } from '@facehash/testing';
import { cameraFile, chromiumProgram, launchBrowser } from '../support/browser.js';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces, samplePicture } from '../support/sample-faces.js';

const program = chromiumProgram();
const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const screenshot = new URL('../../docs/images/page.png', import.meta.url).pathname;
/** Room for a machine that does much else. */
const TIMEOUT_MS = 60_000;
const PATIENTLY = { timeout: TIMEOUT_MS };

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

if (program === undefined) {
  describe('the page', () => {
    it.skip('is not tested in a browser: no Chromium is installed; on Debian and Ubuntu: sudo apt-get install chromium', () => undefined);
  });
} else {
  describe('the page, in Chromium with a film for a webcam', () => thePage(program));
}

function thePage(chromium: string): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let product: Product;
  let browser: Browser;
  /** What no test may see, whatever it does: complaints of the browser, and addresses that are not the server's. */
  const complaints: string[] = [];
  const addresses: string[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    product = await Product.start({ dataDir: join(folder.path, 'data') });
    const film = await cameraFile(join(folder.path, 'camera.mjpeg'), await sampleFaces(2, [...Array(24).keys()]));
    browser = await launchBrowser(chromium, film);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await product.stop();
    await folder[Symbol.asyncDispose]();
  });

  async function open(address = `/#key=${product.apiKey}`, options: { readonly colorScheme?: 'dark' | 'light' } = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1180, height: 860 }, ...options });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    page.on('request', (request) => addresses.push(request.url()));
    // From the beginning: the browser would take its time to lend its dialogs.
    page.on('filechooser', () => undefined);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => /Content Security Policy|Trusted/i.test(message.text()) && complaints.push(message.text()));
    await page.goto(`${product.url}${address}`);
    return page;
  }

  const summary = (page: Page, text: string | RegExp): Promise<void> => page.locator('#summary', { hasText: text }).waitFor();

  async function show(page: Page, picture: Buffer): Promise<void> {
    await page.locator('#image-file').setInputFiles({ name: 'picture.jpg', mimeType: 'image/jpeg', buffer: picture });
    await page.locator('#faces li').first().waitFor();
  }

  it('takes the key out of the link, and the link’s key out of the address', async () => {
    const page = await open();
    await page.getByRole('heading', { name: 'Who is this?' }).waitFor();
    expect(page.url()).toBe(`${product.url}/`);
    await page.reload();
    await page.getByRole('heading', { name: 'Who is this?' }).waitFor();
    await page.getByRole('button', { name: 'Forget key' }).click();
    await page.getByLabel('API key', { exact: true }).waitFor();
    expect(await page.evaluate('JSON.stringify([sessionStorage.length, localStorage.length, document.cookie])')).toBe('[0,0,""]');
    await page.context().close();
  });

  it('says of a wrong key that it is wrong', async () => {
    const page = await open('/');
    await page.getByLabel('API key', { exact: true }).fill(`${product.apiKey.slice(0, -1)}!`);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'unknown or was revoked' }).waitFor();
    await page.context().close();
  });

  it('draws boxes before anybody is enrolled, and says that there are no names yet', async () => {
    const page = await open();
    await page.locator('#image-file').setInputFiles({ name: 'picture.jpg', mimeType: 'image/jpeg', buffer: await samplePicture(1) });
    await summary(page, '3 faces. Nobody can be recognised yet');
    expect(await page.locator('.box').count()).toBe(3);
    await page.context().close();
  });

  it('draws a box with a name around each face of a picture', async () => {
    const client = new Client(product.url, product.apiKey);
    await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
    await client.train('Eve', await sampleFaces(1, [0, 1, 2, 3]));
    const page = await open();
    await show(page, await samplePicture(1));
    expect(await page.locator('#summary').textContent()).toMatch(/^3 faces: /);
    expect((await page.locator('#faces strong').allTextContents()).sort()).toEqual(['Ann', 'Eve', 'unknown']);
    // Where the face is in the file, in shares of its width: 414 to 591 of 1500 or so.
    const ann = await shareOf(page.locator('.box', { hasText: 'Ann' }), page.locator('#picture'));
    const { width } = await sharp(await samplePicture(1)).metadata();
    expect(Math.abs(ann.middle - (414 + 177 / 2) / width)).toBeLessThan(0.03);
    await page.getByRole('button', { name: 'Erase Eve' }).waitFor();
    if (process.env['UPDATE_SCREENSHOTS'] === '1') await takeScreenshot(page);
    await page.context().close();
  });

  it('says what is wrong with a file that is no picture', async () => {
    const page = await open();
    await page.locator('#image-file').setInputFiles({ name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
    await summary(page, 'could not be decoded');
    await page.context().close();
  });

  it('enrols a person with a burst of the webcam, shows the training, and names them live', async () => {
    const page = await open();
    await page.getByLabel('Name', { exact: true }).fill('Cleo');
    await page.getByRole('button', { name: 'Take 10 photos' }).click();
    await page.locator('#countdown').waitFor();
    await page.locator('#photos li').nth(9).waitFor();
    await page.locator('#training').waitFor();
    await page.getByText('The new version answers: Cleo can be recognised.').waitFor();
    expect(await page.locator('#photos li.rejected').count()).toBe(0);
    await page.getByRole('button', { name: 'Try it' }).click();
    await summary(page, '1 face: Cleo.');
    await page.locator('#video:visible').waitFor();
    await page.getByRole('button', { name: 'Stop the webcam' }).click();
    expect(await page.evaluate("document.querySelector('video').srcObject")).toBeNull();
    await page.context().close();
  });

  it('names a renamed person by the new name, and an erased one not at all, with a receipt', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Use the webcam' }).click();
    await summary(page, '1 face: Cleo.');
    await page.getByRole('button', { name: 'Rename Cleo' }).click();
    await page.getByLabel('New name of Cleo').fill('Cleopatra');
    await page.keyboard.press('Enter');
    await summary(page, '1 face: Cleopatra.');
    await page.getByRole('button', { name: 'Erase Cleopatra' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Erase Cleopatra' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Erase' }).click();
    await summary(page, '1 face: unknown.');
    await page.locator('#receipts li[data-state="Erased"]', { hasText: 'nothing that was made of the photos' }).waitFor();
    expect(await page.getByRole('button', { name: 'Erase Cleopatra' }).count()).toBe(0);
    await page.context().close();
  });

  it('says in words why a photo was not taken', async () => {
    const page = await open();
    await page.getByLabel('Name', { exact: true }).fill('Nobody');
    await page.locator('#photo-files').setInputFiles([
      { name: 'several.jpg', mimeType: 'image/jpeg', buffer: await samplePicture(1) },
      { name: 'none.png', mimeType: 'image/png', buffer: await blank() },
    ]);
    await page.getByText('not taken: more than one face is in it').waitFor();
    await page.getByText('not taken: no face was found').waitFor();
    await page.getByText('None of the photos could be used').waitFor();
    await page.context().close();
  });

  it('opens the evaluation report in a frame that can do nothing', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Open the evaluation report' }).click();
    const report = page.frameLocator('#report-frame');
    await report.locator('h1').first().waitFor();
    // Its styles came along.
    expect(await report.locator('main').evaluate('(main) => getComputedStyle(main).maxWidth')).not.toBe('none');
    await page.keyboard.press('Escape');
    await page.context().close();
  });

  it('can be used from the keyboard alone: key, picture, enrolment, erasure', async () => {
    const page = await open('/');
    await page.keyboard.type(product.apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Who is this?' }).waitFor();
    const chosen = async (button: string, pictures: readonly Buffer[]): Promise<void> => {
      await tabTo(page, button);
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
      await chooser.setFiles(pictures.map((buffer, i) => ({ name: `${i}.jpg`, mimeType: 'image/jpeg', buffer })));
    };
    await chosen('Choose a picture', [await sampleFace(0, 7)]);
    await summary(page, '1 face: Ann.');
    await tabTo(page, 'Name');
    await page.keyboard.type('Dora');
    await chosen('Choose photos', await sampleFaces(4, [0, 1, 2, 3]));
    await page.getByText('Dora can be recognised').waitFor();
    await tabTo(page, 'Erase Dora');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Erase');
    await page.keyboard.press('Space');
    await page.locator('#receipts li', { hasText: 'Dora' }).waitFor();
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('has no fault that axe knows, in %s', async (colorScheme) => {
    const withoutKey = await open('/', { colorScheme });
    await withoutKey.getByLabel('API key', { exact: true }).waitFor();
    expect(await faults(withoutKey)).toEqual([]);
    await withoutKey.context().close();
    const page = await open(undefined, { colorScheme });
    await show(page, await samplePicture(1));
    await page.getByRole('button', { name: 'Erase Ann' }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Rename Ann' }).click();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Erase Eve' }).click();
    expect(await faults(page)).toEqual([]);
    await page.context().close();
  });

  it('fits a phone', async () => {
    const page = await open();
    await page.setViewportSize({ width: 360, height: 740 });
    await show(page, await samplePicture(1));
    await page.getByRole('button', { name: 'Erase Ann' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    await page.context().close();
  });

  it('asked nobody else for anything, put the key into no address, and broke no policy', () => {
    const elsewhere = addresses.filter((address) => !address.startsWith(`${product.url}/`) && !address.startsWith(`blob:${product.url}/`));
    expect(addresses.length).toBeGreaterThan(50);
    expect(elsewhere).toEqual([]);
    expect(addresses.filter((address) => address.split('#', 1)[0]?.includes('fhk_'))).toEqual([]);
    expect(complaints).toEqual([]);
    expect(product.printed).not.toContain(product.apiKey);
  });
}

/** Where the middle of one thing is, in shares of the width of the other. */
async function shareOf(thing: Locator, within: Locator): Promise<{ readonly middle: number }> {
  const [box, frame] = [await thing.boundingBox(PATIENTLY), await within.boundingBox(PATIENTLY)];
  if (!box || !frame) throw new Error('it is not shown');
  return { middle: (box.x + box.width / 2 - frame.x) / frame.width };
}

/** Presses Tab until what has this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(() => { const e = document.activeElement; return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent; })()`;
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (String(await page.evaluate(focused)).trim() === name) return;
  }
  throw new Error(`no way to ${name} by Tab`);
}

async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(await readFile(axeSource, 'utf8'));
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

function blank(): Promise<Buffer> {
  return sharp({ create: { width: 320, height: 240, channels: 3, background: '#7f9fbf' } })
    .png()
    .toBuffer();
}

/** For the documents: one of face-api's sample pictures. Few colours keep the file small. */
async function takeScreenshot(page: Page): Promise<void> {
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(screenshot);
}
