const { graphql } = require('relay-runtime');

// Refetchable on a Node type: the compiler generates a query through Query.node(id:).
module.exports.fragment = graphql`
  fragment BookReaders_book on Book
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" })
  @refetchable(queryName: "BookReadersPageQuery") {
    readers(first: $first, after: $after) @connection(key: "BookReaders_readers") {
      edges {
        node {
          name
        }
      }
    }
  }
`;
