const { graphql } = require('relay-runtime');

module.exports.mutation = graphql`
  mutation CreateBookMutation($input: CreateBookInput!) {
    createBook(input: $input) {
      clientMutationId
      book {
        ...BookRow_book
        ...BookReaders_book
      }
    }
  }
`;
