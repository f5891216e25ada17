/** Text that is HTML already. Everything else is escaped, so forgetting to is not possible. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | Markup | null | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A template whose values are escaped, for elements and for attributes in quotes alike; `null` is nothing, a list is its members. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + rendered(values[i - 1] ?? null) + part));
}

function rendered(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string') return content.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
  if (typeof content === 'number') return String(content);
  return content.map(rendered).join('');
}
