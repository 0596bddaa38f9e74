// Changes what the next prompt of a session holds. What the operator has begun to write is never overwritten by news.

const FIELDS = ['instructions', 'context'];
const $ = id => document.getElementById(id);

export class Editor {
  #known = {};

  /** apply(change): has the server change it, where null clears a field and one left out stays. */
  constructor(apply, failed) {
    this.apply = apply;
    this.failed = failed;
    $('editor').addEventListener('input', () => this.#touched());
    $('editor').addEventListener('submit', event => {
      event.preventDefault();
      this.#submit();
    });
    $('revert').onclick = () => {
      for (const field of FIELDS) $(field).value = this.#known[field] ?? '';
      this.#touched();
    };
  }

  /** Another session is shown. */
  begin() {
    this.#known = {};
    for (const field of FIELDS) {
      $(field).value = '';
      $(field).disabled = true;
    }
    this.#touched();
  }

  /** What the session knows now. */
  know(session) {
    for (const field of FIELDS) {
      const was = this.#known[field] ?? '';
      const untouched = $(field).disabled || $(field).value === was;
      this.#known[field] = session[field];
      if (untouched && $(field).value !== (session[field] ?? '')) $(field).value = session[field] ?? '';
      $(field).disabled = false;
    }
    this.#mark();
  }

  /** There is nobody left to tell. */
  end() {
    for (const field of FIELDS) $(field).disabled = true;
    $('apply').disabled = true;
    $('revert').hidden = true;
  }

  #change() {
    const changed = FIELDS.filter(field => $(field).value !== (this.#known[field] ?? ''));
    return Object.fromEntries(changed.map(field => [field, $(field).value || null]));
  }

  #touched() {
    $('applied').textContent = '';
    this.#mark();
  }

  #mark() {
    const unchanged = Object.keys(this.#change()).length === 0;
    $('apply').disabled = unchanged;
    $('revert').hidden = unchanged;
  }

  async #submit() {
    const change = this.#change();
    $('apply').disabled = true;
    try {
      await this.apply(change);
    } catch (error) {
      this.#mark();
      return this.failed(error);
    }
    this.#known = { ...this.#known, ...change };
    this.#mark();
    $('applied').textContent = 'Counts from the next answer on.';
  }
}
