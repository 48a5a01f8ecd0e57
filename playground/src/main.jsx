import './workers.js';
// Not graphiql/style.css: that one carries half a megabyte of fonts and the editor's style a second time.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { GraphiQL } from 'graphiql';
import { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createFetcher } from './fetcher.js';
import { appId, keepMasterKey, readMasterKey } from './keys.js';

const DEFAULT_QUERY = `# Every class of the app has a query for one object, a query for many, and mutations.
# With the master key (above) the documentation on the left shows them all, and you can change classes:
#
#   mutation { createClass(input: { name: "Note", schemaFields: { addStrings: [{ name: "text" }] } }) { class { name } } }
#
# To be a user, sign up or log in and put the session token into the headers below as "X-Parse-Session-Token":
#
#   mutation { signUp(input: { fields: { username: "ann", password: "Secret-1" } }) { viewer { sessionToken } } }

query Health {
  health
}
`;

const DEFAULT_HEADERS = JSON.stringify({ 'X-Parse-Application-Id': appId }, null, 2);

function KeyBar({ masterKey, onChange }) {
  const [typed, setTyped] = useState(masterKey);
  return (
    <form
      className="key-bar"
      onSubmit={event => {
        event.preventDefault();
        onChange(typed.trim());
      }}
    >
      <strong>Parsimony</strong>
      <span>
        application <code>{appId || '(none)'}</code>
      </span>
      <label htmlFor="master-key">master key</label>
      <input
        id="master-key"
        type="password"
        autoComplete="off"
        placeholder="only kept in this tab"
        value={typed}
        onChange={event => setTyped(event.target.value)}
      />
      <button type="submit">{masterKey && typed === masterKey ? 'in use' : 'use'}</button>
    </form>
  );
}

function Playground() {
  const [masterKey, setMasterKey] = useState(readMasterKey);
  // A new fetcher makes GraphiQL ask for the schema again, as the caller that it now is.
  const fetcher = useMemo(() => createFetcher(masterKey), [masterKey]);
  const change = key => {
    keepMasterKey(key);
    setMasterKey(key);
  };
  return (
    <>
      <KeyBar masterKey={masterKey} onChange={change} />
      <div className="editor">
        <GraphiQL
          fetcher={fetcher}
          defaultQuery={DEFAULT_QUERY}
          defaultHeaders={DEFAULT_HEADERS}
          defaultEditorToolsVisibility="headers"
          isHeadersEditorEnabled
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        />
      </div>
    </>
  );
}

createRoot(document.getElementById('playground')).render(<Playground />);
