// Monaco, the editor inside GraphiQL, wants web workers. The page is one file, so each worker is a string in it
// (build.mjs bundles `worker:` imports) and starts from a blob address.
import editorWorker from 'worker:monaco-editor/esm/vs/editor/editor.worker.js';
import graphqlWorker from 'worker:monaco-graphql/esm/graphql.worker.js';
import jsonWorker from 'worker:monaco-editor/esm/vs/language/json/json.worker.js';

const sources = { graphql: graphqlWorker, json: jsonWorker };

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const blob = new Blob([sources[label] ?? editorWorker], { type: 'text/javascript' });
    return new Worker(URL.createObjectURL(blob));
  },
};
