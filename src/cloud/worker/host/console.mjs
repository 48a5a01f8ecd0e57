// What user code prints becomes lines of the server's log. Before there is a connection, and when the process ends
// with lines in hand, they go to the real output.

const WAITING_LINES_MAX = 10_000;

export class ConsoleCapture {
  #waiting = [];
  #partial = { stdout: '', stderr: '' };
  #link;
  #write = {};

  constructor() {
    for (const name of ['stdout', 'stderr']) {
      const stream = process[name];
      this.#write[name] = stream.write.bind(stream);
      stream.write = (chunk, encoding, done) => {
        this.#take(name, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
        const callback = typeof encoding === 'function' ? encoding : done;
        if (typeof callback === 'function') {
          process.nextTick(callback);
        }
        return true;
      };
    }
    process.on('exit', () => this.#empty());
  }

  /** From now on lines go to this connection. */
  attach(link) {
    this.#link = link;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { stream, text } of waiting) {
      link.console(stream, text);
    }
  }

  detach() {
    this.#link = undefined;
  }

  #take(stream, text) {
    const lines = (this.#partial[stream] + text).split('\n');
    this.#partial[stream] = lines.pop();
    for (const line of lines) {
      if (this.#link?.isOpen) {
        this.#link.console(stream, line);
      } else if (this.#waiting.length < WAITING_LINES_MAX) {
        this.#waiting.push({ stream, text: line });
      }
    }
  }

  #empty() {
    for (const { stream, text } of this.#waiting) {
      this.#write[stream](text + '\n');
    }
    for (const name of ['stdout', 'stderr']) {
      if (this.#partial[name]) {
        this.#write[name](this.#partial[name] + '\n');
      }
    }
  }
}
