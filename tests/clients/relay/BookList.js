const { graphql } = require('relay-runtime');

module.exports.query = graphql`
  query BookListQuery($first: Int!) {
    ...BookList_query @arguments(first: $first)
  }
`;

module.exports.fragment = graphql`
  fragment BookList_query on Query
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "BookListPageQuery") {
    books(first: $first, after: $after, order: [pages_ASC]) @connection(key: "BookList_books", filters: []) {
      count
      edges {
        node {
          ...BookRow_book
        }
      }
    }
  }
`;
