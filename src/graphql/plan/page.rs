//! What is written of a page of objects.

use apollo_compiler::Name;
use apollo_compiler::Node;
use apollo_compiler::executable::Field;

use super::{Collector, Columns, ObjectSelection, RecordSelection, Slot};
use crate::value::ClassName;

/// What is written of a page of objects of a class.
pub(crate) struct PageSelection {
    /// The fields, in order.
    pub(crate) slots: Vec<PageSlot>,
    /// What is written of objects; more than one if edges are selected under several names.
    pub(crate) nodes: Vec<ObjectSelection>,
    /// The columns that the objects need.
    pub(crate) columns: Columns,
    /// What has to be asked.
    pub(crate) wants: Wants,
}

/// What a page has to ask: the rows, how many there are in all, both or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Whether the rows are needed.
    pub(crate) rows: bool,
    /// Whether the number of all objects is needed.
    pub(crate) count: bool,
}

/// A field of a page.
pub(crate) struct PageSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: PageContent,
}

/// What stands in a field of a page.
pub(crate) enum PageContent {
    /// The name of the type.
    TypeName(Name),
    /// How many objects there are in all.
    Count,
    /// Where the page lies.
    PageInfo(RecordSelection),
    /// The objects.
    Edges(Name, Vec<EdgeSlot>),
}

/// A field of an edge.
pub(crate) struct EdgeSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: EdgeContent,
}

/// What stands in a field of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeContent {
    /// The name of the type.
    TypeName,
    /// The cursor.
    Cursor,
    /// The object, written as that one of the page's selections.
    Node(usize),
}

impl PageSelection {
    /// What these fields, which lead to pages of objects of a class, select.
    pub(crate) fn of(
        class: &ClassName,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Option<Self> {
        collector.schema().class(class)?;
        let type_name = fields.first()?.definition.ty.inner_named_type();
        let mut nodes = Vec::new();
        let mut slots = Vec::new();
        let mut wants = Wants::default();
        for fields in collector.below(type_name, fields) {
            let first = fields.first()?;
            let content = match first.name.as_str() {
                "count" => {
                    wants.count = true;
                    PageContent::Count
                }
                "pageInfo" => {
                    let info = RecordSelection::of(collector, &fields);
                    wants.rows = true;
                    wants.count |= info.has("hasNextPage") || info.has("hasPreviousPage");
                    PageContent::PageInfo(info)
                }
                "edges" => {
                    wants.rows = true;
                    let edge = first.definition.ty.inner_named_type().clone();
                    PageContent::Edges(
                        edge.clone(),
                        edges(class, &edge, collector, &fields, &mut nodes)?,
                    )
                }
                _ => PageContent::TypeName(type_name.clone()),
            };
            slots.push(PageSlot { slot: Slot::of(first), content });
        }
        let columns = Columns::of(&nodes);
        Some(Self { slots, nodes, columns, wants })
    }
}

fn edges(
    class: &ClassName,
    edge: &Name,
    collector: &Collector<'_>,
    fields: &[&Node<Field>],
    nodes: &mut Vec<ObjectSelection>,
) -> Option<Vec<EdgeSlot>> {
    let mut slots = Vec::new();
    for fields in collector.below(edge, fields) {
        let first = fields.first()?;
        let content = match first.name.as_str() {
            "node" => {
                nodes.push(ObjectSelection::of(class, collector, &fields)?);
                EdgeContent::Node(nodes.len() - 1)
            }
            "cursor" => EdgeContent::Cursor,
            _ => EdgeContent::TypeName,
        };
        slots.push(EdgeSlot { slot: Slot::of(first), content });
    }
    Some(slots)
}
