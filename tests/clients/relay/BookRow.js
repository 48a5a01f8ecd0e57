const { graphql } = require('relay-runtime');

module.exports.fragment = graphql`
  fragment BookRow_book on Book {
    id
    title
    pages
    author {
      id
      name
    }
    ACL {
      public {
        read
      }
    }
  }
`;
